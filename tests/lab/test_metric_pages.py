"""The pages about metrics: every metric has its paragraph, records become rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scripts.tables import metrics as pages

from imveil import metrics, record


def test_every_metric_has_a_paragraph_with_what_it_does_not_show() -> None:
    text = pages.metric_pages()
    for metric in map(metrics.find, metrics.names()):
        assert f"**{metric.name}**" in text
        assert metric.not_shown in text
    assert text.count("*Not shown:*") == len(metrics.names())


def made(kind: str, name: str, value: float, **facts: Any) -> record.Record:
    numbers = {"value": value, "unit": "", "n": 7, "low": value / 2, "high": value * 2, "seconds": 1.0}
    return record.measured(kind=kind, name=name, digest=name, facts=facts, **numbers)


def test_records_become_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = {"shape": [32, 32, 3], "times a copy": 2.0, "times AES-256-CTR": 1.0, "first, ms": None}
    bits = {"scheme": "negpos/1", "fields": {}, "parameters, bits": 5719.0, "seed, bits": 256}
    attack = {"scheme": "negpos/1", "fields": {}, "needs": ["pairs"], "terms": {"pairs": 1}}
    lines = {
        "efficiency": [
            made("efficiency", "x/1, 32x32x3", 9.0, **{**shape, "MB/s": 1.0}),
            made("efficiency", "x/1, 32x32x3", 4.0, **{**shape, "MB/s": 5000.0}),
        ],
        "key-space": [made("key-space", "negpos/1", 1000.0, **bits)],
        "recovery": [made("recovery", "known-plan", 1.0, **attack).model_copy(update={"low": 1.0, "seconds": 1.024})],
        "sp800-22": [made("sp800-22", "x mantissa", 50.0, keys=20, passed={"runs": 20, "dft": 3, "rank": 10})],
        "recognised": [made("recognised", "net", 8.27, depth=20)],
    }
    monkeypatch.setattr(record, "read", lambda kind: lines[kind])
    assert "| x/1 | 4 | 2 to 8 | 5,000 | 2 | 1 |  |" in pages.efficiency()
    assert "| 9 |" not in pages.efficiency()
    row = "| negpos/1 | 5,719 | 256 | 10 (known-plan with 1 pairs, 1 s) | 1,000 | 10 | less than 10 |"
    assert row in pages.key_spaces()
    assert "| ResNet-20 | 8.27 | 4.13 to 16.54 | 7 |" in pages.recognised()
    assert "| x mantissa | 50.0 | 25.0 to 100.0 | 20 | dft |" in pages.streams()
    lines["recovery"] = []
    assert "none on record succeeds | 1,000 | 256 | 10^66 |" in pages.key_spaces()
    assert not list(tmp_path.iterdir())

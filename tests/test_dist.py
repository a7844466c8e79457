"""The wheel that `make dist` builds: small, without records, with its bill of materials. `make dist` uses it, too."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("build")
pytest.importorskip("hatchling")

from scripts import dist, sbom


def test_the_wheel_holds_what_it_should_and_no_more(tmp_path: Path) -> None:
    wheel = dist.build(tmp_path / "dist")
    assert dist.faults(wheel) == []
    with zipfile.ZipFile(wheel) as opened:
        bill = json.loads(opened.read(next(name for name in opened.namelist() if "/sboms/" in name)))
    assert bill["bomFormat"] == "CycloneDX"
    assert {"numpy", "numba", "cryptography"} <= {one["name"] for one in bill["components"]}


def test_faults_are_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "imveil-0-py3-none-any.whl", "w") as made:
        made.writestr("imveil/py.typed", "")
        made.writestr("imveil/records/speed.jsonl", "{}")
        made.writestr("tests/test_a.py", "")
    found = " ".join(dist.faults(tmp_path / "imveil-0-py3-none-any.whl"))
    assert "imveil/records.json is missing" in found
    assert "speed.jsonl does not belong" in found
    assert "tests/test_a.py does not belong" in found


def test_the_bill_is_fresh() -> None:
    assert sbom.FILE.read_text(encoding="utf-8") == sbom.bill(), "run python -m scripts.sbom"

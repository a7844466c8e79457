"""The second and third witness of every scheme: a slow reference from the paper, and golden bytes, ours and others'."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import witnesses
from imveil.schemes.base import Scheme
from variants import label, variants


@pytest.mark.parametrize("scheme", variants(), ids=label)
def test_the_slow_reference_agrees(scheme: Scheme) -> None:
    witnesses.slow_reference_agrees(scheme)


@pytest.mark.parametrize("file", witnesses.OURS, ids=lambda f: f"{f.parent.name}/{f.stem}")
def test_our_golden_bytes(file: Path) -> None:
    witnesses.our_golden_bytes(file)


def test_every_scheme_and_field_has_golden_bytes() -> None:
    have = {(v["scheme"], json.dumps(v["fields"])) for v in (json.loads(f.read_text()) for f in witnesses.OURS)}
    missing = [label(s) for s in variants() if (s.id, json.dumps(s.config())) not in have]
    assert not missing, "run scripts/vectors/vectors.py, and say in the changelog what is new"


@pytest.mark.parametrize("case", witnesses.PEERS)
def test_other_peoples_bytes(case: str) -> None:
    witnesses.other_peoples_bytes(case)

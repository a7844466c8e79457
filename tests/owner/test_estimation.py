"""Estimates: counts, broken files, bytes as a run then writes them, the scheme's status, and nothing left behind."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

import imveil
from forms import table
from imveil import Key, registry
from imveil.cli import main
from imveil.errors import BadDtype, BadSource
from imveil.owner.encryption import encrypt_set
from imveil.owner.estimation import estimate
from imveil.owner.sources import open_source
from imveil.owner.sources.prepared import Preparation, Prepared
from imveil.store.containers import base
from made_source import made, tree

KEY = Key(b"k" * 32)


@pytest.mark.parametrize("name", [name for name in registry.files(base.PACKAGE) if not base.find(name).lossy])
@pytest.mark.parametrize("id", ["negpos/1", "orthogonal/1"])
def test_bytes_are_those_of_the_run(tmp_path: Path, name: str, id: str) -> None:
    scheme, source = imveil.find(id), made(400, shape=(24, 24, 3))
    if scheme.traits.dtype not in base.find(name).dtypes:
        with pytest.raises(BadDtype):
            estimate(source, scheme, container=name)
        return
    found = estimate(source, scheme, container=name, sample=40, workers=1)
    assert (found.pictures, found.looked, found.broken, found.container) == (400, 40, [], name)
    assert found.shapes == [((24, 24, 3), 40)]
    assert found.seconds > 0
    encrypt_set(source, tmp_path / "c", scheme, KEY, container=name, workers=1)
    size = sum(len(data) for path, data in tree(tmp_path / "c").items() if not path.startswith("imveil."))
    assert abs(found.bytes - size) < 0.05 * size


def test_broken_pictures() -> None:
    source, scheme = made(100, broken=frozenset({0, 7, 50})), imveil.find("negpos/1")
    some = estimate(source, scheme, sample=10, workers=1)
    assert [id for id, _ in some.broken] == ["train/cat/picture 00000.jpg", "train/dog/picture 00050.jpg"]
    assert not some.all_read
    for workers in (1, 2):
        every = estimate(source, scheme, sample=10, workers=workers, read_all=True)
        assert [id[-9:] for id, _ in every.broken] == ["00000.jpg", "00007.jpg", "00050.jpg"]
        assert every.all_read
    assert every.bytes / some.bytes == pytest.approx(97 / 80, rel=0.01)  # of ten looked at, two were broken
    with pytest.raises(BadSource, match="none of 3 pictures could be encrypted"):
        estimate(made(3, broken=frozenset({0, 1, 2})), scheme)


def test_pictures_that_the_scheme_refuses_or_prepare_mends(tmp_path: Path) -> None:
    source, scheme = open_source(table(tmp_path, "csv")), imveil.find("plain/1")
    prepare = Preparation.of(crop="20")
    assert prepare is not None
    with pytest.raises(BadSource, match="are to be cropped; add --pad"):
        estimate(Prepared(source, prepare), scheme)
    padded = Preparation.of(crop="20", pad="20")
    assert padded is not None
    assert estimate(Prepared(source, padded), scheme).shapes == [((20, 20, 3), 8)]


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    estimate(made(20), imveil.find("negpos/1"))
    assert tree(tmp_path) == {}


def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path, "jsonl")
    (source / "00003.png").write_bytes(b"x")

    def run(line: str) -> Any:
        with pytest.raises(SystemExit) as left:
            main(["estimate", str(source), *line.split()])
        assert left.value.code == 0
        return capfd.readouterr().out

    facts = json.loads(run("--scheme logistic-xor/1 --json"))
    assert (facts["pictures"], facts["looked"], facts["classes"]) == (8, 8, 2)
    assert "00003.png: this is no picture" in facts["broken"][0]["reason"]
    assert facts["status"]
    words = run("--scheme logistic-xor/1 --container parquet").splitlines()
    assert words[0] == "pictures  8 (6 train, 2 test), 2 classes, height x width x channels 9x6x3"
    assert words[1] == "broken    1 (all read)"
    assert [line.split()[0] for line in words[3:]] == ["output", "memory", "time", "status"]
    assert words[-1].startswith("status    logistic-xor/1: ")
    more = json.loads(run("--scheme logistic-xor/1 --copies 3 --json"))
    assert (more["pictures"], more["splits"]) == (20, {"train": 18, "test": 2})

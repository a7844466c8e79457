"""`imveil metrics`: a table, CSV, LaTeX and JSON of every metric, and one line for what cannot be measured."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imveil import metrics
from imveil.cli import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    for i in range(6):
        image = rng.integers(0, 256, (16, 16, 3), np.uint8)
        for folder in ("ciphers", "pictures"):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(image if folder == "ciphers" else image // 2).save(tmp_path / folder / f"{i}.png")
    return tmp_path


def run(capsys: Any, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["metrics", *words])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_every_metric_of_images_is_there_in_every_form(here: Path, capsys: Any) -> None:
    names = metrics.names("images") + metrics.names("batch")
    code, out, err = run(capsys, "ciphers")
    assert (code, "proof" in err or "prove nothing" in err) == (0, True)
    assert all(name in out for name in names)
    rows = json.loads(run(capsys, "ciphers", "--json")[1])
    assert {row["name"].split()[0] for row in rows} == set(names)
    assert [row["name"] for row in csv.DictReader(run(capsys, "ciphers", "--csv")[1].splitlines())] == [
        row["name"] for row in rows
    ]
    latex = run(capsys, "ciphers", "--latex")[1]
    assert latex.startswith(r"\begin{tabular}")
    assert latex.count(r"\\") == len(rows) + 1
    assert here


def test_with_the_truth_pictures_are_compared(here: Path, capsys: Any) -> None:
    rows = {row["name"]: row for row in json.loads(run(capsys, "ciphers", "--truth", "pictures", "--json")[1])}
    assert 50 < rows["mae"]["mean"] < 80
    assert rows["mae"]["n"] == len(list((here / "pictures").iterdir()))


def test_what_lies_outside_is_named(here: Path, capsys: Any) -> None:
    _, _, err = run(capsys, "pictures")
    assert "entropy" in err
    assert here


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere"),
        (["ciphers", "--csv", "--json"], "exclude each other"),
        (["ciphers", "--truth", "nowhere"], "nowhere"),
        (["ciphers", "--most", "1"], "See 'imveil metrics --help'."),
        ([], "Missing argument 'CIPHERS'. See 'imveil metrics --help'."),
    ],
)
def test_bad_input_is_one_line(words: list[str], said: str, here: Path, capsys: Any) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert here

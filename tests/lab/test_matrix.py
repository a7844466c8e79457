"""The matrix: no cell is left out in silence, and what is shown is whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.records import matrix as games
from scripts.records.matrix import Cell, cells, configurations, played
from scripts.tables import matrix

import imveil
from imveil import attacks, record
from imveil.record import Record


def of(cell: Cell, value: float = 0.5) -> Record:
    found = {"identified": 0.9, "gallery": 1000, "control": {"recovery": 0.0, "low": 0.0, "identified": 0.0}}
    numbers = {"unit": "", "n": 30, "low": value, "high": value, "seconds": 0.1}
    return cell.measured(cell.attack, 0, {"found": found}, value=value, **numbers)


def test_every_configuration_meets_every_attack() -> None:
    rows = cells("cifar10 test")
    assert len(rows) >= 30
    assert {len(row) for row in rows} == {len(attacks.names())}
    for (id, _), row in zip(configurations(), rows, strict=True):
        fit = sum(not cell.why_not for cell in row)
        assert fit >= 3, id
        assert all(cell.why_not == "" or len(cell.why_not) > 5 for cell in row)


def test_a_reason_comes_from_the_attack_or_from_the_scheme() -> None:
    assert Cell("known-plan", "negpos/1", {"per_image": True}).why_not == "every image has a key of its own"
    assert Cell("known-plan", "negpos/1").why_not == ""
    assert "channel" in Cell("look", "etc-inplace/1", data="pneumoniamnist").why_not
    assert "multiples" in Cell("look", "etc/1", {"block": 8}, data="pneumoniamnist").why_not
    assert "pixels" in Cell("fixed-permutation", "shf/1", data="kodak tiles of 64").why_not


@pytest.mark.parametrize("name", attacks.names())
def test_an_attack_suits_what_it_has_nothing_against(name: str) -> None:
    attack = attacks.find(name)
    for id in imveil.schemes.names():
        scheme = imveil.find(id)
        assert attack.suits(scheme) == (attack.unfit(scheme) == "")


def test_only_whole_columns_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    for module in (games, matrix):
        monkeypatch.setattr(module, "configurations", lambda: [("plain/1", {}), ("negpos/1", {"per_image": True})])
        monkeypatch.setattr(module, "DATA", {"cifar10 test": (32, 32, 3)})
    assert matrix.complete() == {}
    assert "0 of" in matrix.matrix()
    column = [row[attacks.names().index("look")] for row in cells("cifar10 test")]
    for cell in column[:-1]:
        record.append(of(cell))
    assert matrix.complete() == {}
    record.append(of(column[-1]))
    shown = matrix.complete()
    assert {data: names for data, (names, _) in shown.items()} == {"cifar10 test": ["look"]}
    page = matrix.matrix()
    assert page.count("0.50 (0.50 to 0.50), 90% (74% to 97%), n=30") == 2
    assert f"1 of {len(attacks.names())}" in page
    assert matrix.draw().count("<circle") == 2
    assert sum(isinstance(cell, Record) for row in played("cifar10 test") for cell in row) == 2

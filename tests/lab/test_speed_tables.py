"""The tables of docs/speed.md: which record goes where, and the newest of each."""

from __future__ import annotations

from typing import Any

from scripts.tables.speed import machines, plan_table, ratio_table, scheme_table

from imveil.record import measured


def one(name: str, value: float, unit: str = "ratio", **facts: Any) -> Any:
    numbers = {"value": value, "low": value / 2, "high": value * 2, "n": 7, "seconds": 0.1, "unit": unit}
    return measured(kind="speed", name=name, digest=f"{name} {facts}", facts=facts, **numbers)


RECORDS = [
    one("XOR", 9.0, to="a copy", side=32),
    one("XOR", 1.234, to="a copy", side=32),
    one("XOR", 2.0, to="a copy", side=224),
    one("le/1", 200.0, to="theirs", side=32),
    one("le/1 encrypt, 32x32", 0.5, to="a copy", scheme="le/1", way="encrypt", side=32),
    one("cold plan, le/1, 32x32", 0.25, "ms", plan="le/1", cache="cold", side=32),
    one("cached plan, le/1, 32x32", 0.002, "ms", plan="le/1", cache="cached", side=32),
    one("cached plan, le/1, 64x64", 0.003, "ms", plan="le/1", cache="cached", side=64),
]


def test_ratios() -> None:
    header, rows = ratio_table(RECORDS)
    assert header == ["what", "as a multiple of", "32x32", "224x224"]
    assert rows == [["XOR", "a copy", "1.23 (0.617 to 2.47)", "2 (1 to 4)"], ["le/1", "theirs", "200 (100 to 400)", ""]]


def test_schemes() -> None:
    assert scheme_table(RECORDS) == (["scheme", "way", "32x32"], [["le/1", "encrypt", "0.5"]])


def test_plans() -> None:
    assert plan_table(RECORDS) == (["scheme", "32x32", "cached"], [["le/1", "0.25", "0.003"]])


def test_where_it_was_measured() -> None:
    assert machines(RECORDS).startswith("Measured on ")
    assert machines([]) == ""

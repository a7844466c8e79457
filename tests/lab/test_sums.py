"""The leaderboard's rows of kind sums: from records alone, with what is proven, what it costs, what was tried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imveil import record
from imveil.cli import main
from imveil.lab.tables.sums import HEADER, rows, table
from imveil.record import Record


def one(job: str, value: float, unit: str = "%", seed: int | None = 0, **facts: Any) -> Record:
    facts = {"job": job, **facts}
    return record.measured(
        kind="private", name=job, digest=record.digest_of(facts), facts=facts, seed=seed, value=value, unit=unit, n=100,
        low=value, high=value, seconds=1.0,
    )  # fmt: skip


def head(job: str, value: float, seed: int = 0, **more: Any) -> Record:
    facts = {"data": "made", "encoder": "e", "owners": 10, "pictures": 50, "delta": 1e-5, "colluding": 1, "dim": 20}
    return one(job, value, seed=seed, **facts | more)


def test_a_row_says_what_is_proven_what_it_costs_and_what_was_tried() -> None:
    attack = {"data": "made", "attack": "sum-span", "epsilon": 2, "members": 7, "dim": 9}
    known = [
        head("eps 2", 80.0, epsilon=2), head("eps 2", 82.0, 1, epsilon=2),
        head("masked", 90.0, masked=True, exact=True), head("own 50", 60.0, owners=1),
        one("attack", 0.6, "auc", **attack), one("attack", 0.9, "auc", **attack | {"data": "other"}),
        one("masks", 3.0, "ms", None, dim=20, owners=10),
    ]  # fmt: skip
    private, masked, alone = rows(known)
    assert (private.accuracy, private.draws) == (81.0, 2)
    assert "epsilon 2, delta 1e-05" in private.proven
    assert "0.639" in private.proven
    assert private.attacked.startswith("sum-span 0.600")
    assert "clear head bit for bit" in masked.proven
    assert masked.costs.endswith("0.0035 MB an owner, 3 ms of masks")
    assert masked.attacked == "not measured"
    assert (alone.sd, alone.proven, alone.attacked) == (None, "nothing leaves", "")
    header, lines = table([private, masked, alone])
    assert header == HEADER
    assert all(len(line) == len(HEADER) for line in lines)


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    def code(*words: str) -> int | str | None:
        with pytest.raises(SystemExit) as left:
            main(["leaderboard", *words])
        return left.value.code

    assert code("--kind", "sums", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["data"] for row in found} >= {"cifar10", "pneumoniamnist"}
    assert code("--kind", "sums", "--data", "x") != 0
    assert code("--kind", "sums", "--all") != 0
    assert code("--kind", "sums", "--plot", "x.svg") != 0
    assert "there are rows of: cifar10" in capsys.readouterr().err
    assert code("--kind", "x") != 0
    assert "ciphers or sums" in capsys.readouterr().err

"""Advice: the order follows from the answers, every number from records, every command exists."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
import typer

from imveil.cli import build
from imveil.errors import BadInput
from imveil.lab.advice import Situation, advise


@cache
def commands() -> set[str]:
    """The command line's own."""
    return set(typer.main.get_command(build()).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("of", [
    Situation(*six) for six in itertools.product((1, 3), (100, 20_000), ("cloud", "all"), ("train", "ask"),
                                                 (True, False), (True, False), ("little", "much"))
])  # fmt: skip
def test_every_situation_has_one_to_four_ways_whose_commands_exist(of: Situation) -> None:
    known = commands()
    ways = advise(of)
    assert 1 <= len(ways) <= 4
    for way in ways:
        assert all((way.accuracy, way.proof, way.cost, way.leaks, way.commands))
        assert all(line.split()[1] in known for line in way.commands)


def test_the_order_follows_from_the_answers() -> None:
    assert advise(Situation(owners=1))[0].name.startswith("train at home")
    assert advise(Situation(owners=3, hidden_from="all"))[0].name == "sums under masks with differential privacy"
    assert advise(Situation(owners=3, pictures=50_000))[0].name.startswith("train at home")
    assert advise(Situation(wants="ask", head_may_leave=False))[0].name == "ask under encryption"
    assert "casual eyes" in advise(Situation(error="little"))[-1].name
    assert not any("casual eyes" in way.name for way in advise(Situation(error="much")))


def test_without_records_it_says_so() -> None:
    assert advise(Situation(owners=3), records=[])[0].accuracy == "not on record"


def test_nobody_with_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one owner"):
        advise(Situation(owners=0))

"""Recipes that ship and were not run, as rows of the leaderboard without accuracy."""

from __future__ import annotations

from collections.abc import Iterable

from imveil.lab.recipes import RECIPES
from imveil.lab.standings import Row, described, runs_of
from imveil.record import Record


def unrun(accuracy: Iterable[Record] | None = None) -> list[Row]:
    """A row without accuracy for each recipe that ships and has no record, by data and name; all records by default."""
    known = {(one.name, one.digest) for group in runs_of(accuracy) for one in group}
    facts = {name: one.facts() for name, one in RECIPES.items() if (name, one.digest) not in known}
    found = [described(name, one) for name, one in facts.items()]
    return sorted(found, key=lambda row: (row.data, row.recipe))

"""Statuses: what was measured of a scheme, in a few words, for whoever has nothing but its id and fields.

They are worked out from the records when these are published (`lab/evidence.py`), so that owner and cloud can say them
without a laboratory.

>>> status_of("plain/1", {})
'not encrypted'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from imveil.system import MEASURED

UNKNOWN = "not measured"
SCORES = ("recovery", "recovery_by", "reidentified")


def status_of(id: str, fields: Mapping[str, Any]) -> str:
    """The worst that is on record of a scheme with exactly these fields, defaults included. Of others it says that they
    were not measured, and what became of the usual ones.

    No scheme is looked up or imported: both may come from a stranger's manifest.

    >>> status_of("plain/1", {"more": 1})
    'not measured with these fields; with the usual ones not encrypted'
    """
    if known := _statuses().get(_named(id, fields)):
        return str(known["status"])
    usual = next((one for one in _page()["statuses"] if one["scheme"] == id), None)
    return UNKNOWN if usual is None else f"{UNKNOWN} with these fields; with the usual ones {usual['status']}"


def queries_of(id: str, fields: Mapping[str, Any]) -> str:
    """Whether a model trained on its cipher images answers those under another key, or that nobody measured it.

    >>> queries_of("negpos/1", {"negpos": True, "colors": True, "per_image": True})
    'keys do not matter for queries: 83 % right under another key, 83 % under its own'
    """
    known = _statuses().get(_named(id, fields), {}).get("queries")
    return known or f"queries under another key: {UNKNOWN}"


def scores_of(id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The most that is on record: recovery (0 the best blind guess, 1 the picture) and what gave it, and how often the
    right one of 1,000 pictures was picked; None where nothing was measured.

    >>> scores_of("nobodys/1", {})
    {'recovery': None, 'recovery_by': '', 'reidentified': None}
    """
    known = _statuses().get(_named(id, fields), {})
    return {name: known.get(name, "" if name == "recovery_by" else None) for name in SCORES}


def measured() -> list[dict[str, Any]]:
    """Every scheme that is on record, by id: scheme, fields, status, queries and its scores."""
    return [dict(one) for one in _page()["statuses"]]


def ways(kind: Literal["costs", "private"]) -> list[dict[str, str]]:
    """What asking costs and proves, in words: of a served model ("costs"), and of the private path ("private")."""
    return [dict(one) for one in _page()[kind]]


def in_a_line(id: str, fields: Mapping[str, Any]) -> str:
    """Both, for whoever is about to use the scheme.

    >>> in_a_line("nobodys/1", {})
    'nobodys/1: not measured; queries under another key: not measured'
    """
    return f"{id}: {status_of(id, fields)}; {queries_of(id, fields)}"


def _named(id: str, fields: Mapping[str, Any]) -> str:
    return json.dumps([id, dict(fields)], sort_keys=True, default=str)


@cache
def _page() -> dict[str, Any]:
    page: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return page


@cache
def _statuses() -> dict[str, dict[str, Any]]:
    return {_named(one["scheme"], one["fields"]): one for one in _page()["statuses"]}

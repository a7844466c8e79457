"""Statuses: what was measured of a scheme, in a few words, for whoever has nothing but its id and fields.

They are worked out from the records when these are published (`lab/evidence.py`), so that owner and cloud can say them
without a laboratory.

>>> status_of("plain/1", {}).startswith("broken by one cipher image")
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from imveil.system import MEASURED

UNKNOWN = "not measured"


def status_of(id: str, fields: Mapping[str, Any]) -> str:
    """The worst that is on record of a scheme with exactly these fields, defaults included; "not measured" for others.

    No scheme is looked up or imported: both may come from a stranger's manifest.
    """
    return str(_statuses().get(_named(id, fields), {"status": UNKNOWN})["status"])


def queries_of(id: str, fields: Mapping[str, Any]) -> str:
    """Whether a model trained on its cipher images answers those under another key, or that nobody measured it.

    >>> queries_of("negpos/1", {"negpos": True, "colors": True, "per_image": True})
    'keys do not matter for queries: 83 % right under another key, 83 % under its own'
    """
    known = _statuses().get(_named(id, fields), {}).get("queries")
    return known or f"queries under another key: {UNKNOWN}"


def in_a_line(id: str, fields: Mapping[str, Any]) -> str:
    """Both, for whoever is about to use the scheme.

    >>> in_a_line("nobodys/1", {})
    'nobodys/1: not measured; queries under another key: not measured'
    """
    return f"{id}: {status_of(id, fields)}; {queries_of(id, fields)}"


def _named(id: str, fields: Mapping[str, Any]) -> str:
    return json.dumps([id, dict(fields)], sort_keys=True, default=str)


@cache
def _statuses() -> dict[str, dict[str, str]]:
    page = json.loads(MEASURED.read_text(encoding="utf-8"))
    return {_named(one["scheme"], one["fields"]): one for one in page["statuses"]}

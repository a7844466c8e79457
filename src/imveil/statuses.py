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
    return _statuses().get(_named(id, fields), UNKNOWN)


def _named(id: str, fields: Mapping[str, Any]) -> str:
    return json.dumps([id, dict(fields)], sort_keys=True, default=str)


@cache
def _statuses() -> dict[str, str]:
    page = json.loads(MEASURED.read_text(encoding="utf-8"))
    return {_named(one["scheme"], one["fields"]): one["status"] for one in page["statuses"]}

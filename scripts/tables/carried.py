"""src/imveil/records.json: of all records what leaderboard, claims and statuses need, so that a wheel can carry it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from scripts.tables.claims import variants
from scripts.tables.private import ways
from scripts.tables.serving import costs

from imveil import record
from imveil.lab.evidence import queries, status, worst
from imveil.record import Record

KINDS = ("accuracy", "adapter-output", "key-space", "kept", "private", "recovery", "sequence")
FOUND = ("exact", "queries", "identified", "blind", "psnr")
CONTROL = ("recovery", "low")
SEQUENCES = ("key to mask", "lag-1 correlation", "entropy")  # the numbers of sequences that claims rest on


def carried() -> str:
    """The file as it has to be."""
    records = [one for kind in KINDS for one in record.read(kind)]
    page = record.packed(_short(records)) | {"statuses": _statuses(records), "costs": costs(), "private": ways()}
    lines = [f"{json.dumps(name)}: {json.dumps(page[name], separators=(',', ':'))}" for name in ("machine", "versions")]
    lines += [f'"{name}": {_lines(page[name])}' for name in ("statuses", "costs", "private")]
    kinds = ",\n".join(f"{json.dumps(kind)}: {_lines(groups)}" for kind, groups in page["kinds"].items())
    return "{\n" + ",\n".join([*lines, f'"kinds": {{\n{kinds}\n}}']) + "\n}\n"


def _lines(items: list[Any]) -> str:
    """A list with an item a line, so that a change shows as what it is."""
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":")) for item in items) + "\n]"


def _short(records: Iterable[Record]) -> Iterable[Record]:
    for one in records:
        if one.kind == "sequence" and one.name not in SEQUENCES:
            continue
        if one.kind == "recovery":
            found = {name: value for name, value in one.facts["found"].items() if name in FOUND}
            control = one.facts["found"].get("control")
            found["control"] = control and {name: control[name] for name in CONTROL}
            one = one.model_copy(update={"facts": one.facts | {"found": found}})
        yield one


def _statuses(records: list[Record]) -> list[dict[str, Any]]:
    """Of every scheme with its defaults, and with other fields that were played against."""
    games = [one for one in records if one.kind == "recovery"]
    runs = [one for one in records if one.kind == "accuracy"]
    return [
        {
            "scheme": scheme.id,
            "fields": scheme.config(),
            "status": status(scheme, games),
            "queries": queries(scheme, runs),
            **worst(scheme, games),
        }
        for scheme in variants()
    ]


FILES = {"src/imveil/records.json": carried}

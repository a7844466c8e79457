"""Record: one measured number and all that it needs to be believed. Kept as append-only JSON lines.

Accuracy, speed and recovery are records alike. Tables in the README and the docs are made from records and from
nothing else. In a checkout they lie in records/. A wheel carries the last of each run, of the kinds that leaderboard
and claims are made of, in one file, `records.json`; what a user measures goes to his own folder (`system.home_folder`).
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from imveil import system
from imveil.errors import BadDestination, BadSource
from imveil.system import MEASURED, PACKAGE, cores

# Lines stay in their files; what turned out to be measured wrongly is read no more.
WITHDRAWN = dict.fromkeys(
    ("0886024afa1c44ee", "1c5b9c09df5cb32d", "c22afd6b854034fb", "dc1b678f7b132e23", "a8259e3b07a4b84f"),
    "CIFAR-100 in which pictures behind the public projection were the owners' too",
)
"""Digests of records that are not believed any more, and why."""
RUN = ("seed", "value", "n", "low", "high", "seconds", "machine", "versions", "commit", "date")


class Record(BaseModel):
    """One measured number.

    Attributes
    ----------
    kind
        "accuracy", "speed", "recovery", "rate", ...
    name
        Of the recipe or benchmark.
    digest
        Of what was run, so that records of one experiment are found together.
    facts
        What was run, readable.
    seed
        Of this run, None where there is none.
    value, unit
        The number.
    n
        How many things it was measured on.
    low, high
        Its 95 % interval, or the range of the rounds.
    seconds
        How long it took.
    machine, versions, commit, date
        Where, with what, when.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["imveil-record/1"] = "imveil-record/1"
    kind: str
    name: str
    digest: str
    facts: dict[str, Any]
    seed: int | None = None
    value: float
    unit: str
    n: int
    low: float
    high: float
    seconds: float
    machine: dict[str, Any]
    versions: dict[str, str]
    commit: str
    date: str


def measured(*, accelerator: str | None = None, **numbers: Any) -> Record:
    """A record of here and now: the caller gives kind, name, digest, facts, value, unit, n, low, high, seconds, and the
    accelerator, where one computed.

    >>> one = measured(kind="speed", name="x", digest="0", facts={}, value=1, unit="GB/s", n=7, low=1, high=2,
    ...     seconds=1)
    >>> one.machine["cores"] >= 1
    True
    """
    return Record(
        **numbers,
        machine=machine() | ({} if accelerator is None else {"accelerator": accelerator}),
        versions=versions(),
        commit=commit(),
        date=time.strftime("%Y-%m-%d", time.gmtime()),
    )


def digest_of(what: Mapping[str, Any] | str) -> str:
    """Names what was run: 16 hex digits, of its facts, whatever their order, or of a text.

    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    text = what if isinstance(what, str) else json.dumps(what, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@functools.cache
def machine() -> dict[str, Any]:
    """Processor, and cores this process may use."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {"processor": model, "cores": cores(), "system": platform.system()}


@functools.cache
def versions() -> dict[str, str]:
    """Of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in ("imveil", "numpy", "numba", "torch"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@functools.cache
def commit() -> str:
    """The commit of a checkout, with a + where source files were changed since; "release" for an installed wheel."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=PACKAGE, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", str(PACKAGE))
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "release"


def folder() -> Path:
    """Where records are appended: records/ of a checkout, else the user's own folder."""
    top = system.checkout()
    return (system.home_folder() if top is None else top) / "records"


def append(record: Record, file: Path | None = None) -> Path:
    """Add one line to the file of its kind, synced to disk. Lines that are there are never touched.

    Raises BadDestination where it cannot be written.
    """
    path = file or folder() / f"{record.kind}.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(record.model_dump(), separators=(",", ":"), ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        hint = "XDG_DATA_HOME names the folder for measurements" if system.checkout() is None else ""
        raise BadDestination(f"{path} cannot be written: {error.strerror}", hint=hint) from error
    return path


def read(kind: str, file: Path | None = None) -> list[Record]:
    """All records of a kind but the withdrawn, oldest first; from a wheel those that it carries, then the user's own.

    Raises BadSource with the line number for a line that is none.
    """
    path = file or folder() / f"{kind}.jsonl"
    found = carried(kind) if file is None and system.checkout() is None else []
    if not path.exists():
        return found
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(Record.model_validate_json(line))
        except ValidationError as error:
            raise BadSource(f"{path.name} line {number} is no record: {error.errors()[0]['msg']}") from error
    return [one for one in found if one.digest not in WITHDRAWN]


def carried(kind: str, file: Path = MEASURED) -> list[Record]:
    """The records of a kind in a file that `packed` made, in their order; facts may lack what only pages tell."""
    page = json.loads(file.read_text(encoding="utf-8"))
    found = []
    for group in page["kinds"].get(kind, []):
        same = {name: group[name] for name in ("name", "digest", "unit")}
        for *numbers, facts in group["runs"]:
            one = dict(zip(RUN, numbers, strict=True))
            one |= {name: page[name][one[name]] for name in ("machine", "versions")}
            found.append(Record(kind=kind, facts=group["facts"] | facts, **same, **one))
    return found


def packed(records: Iterable[Record]) -> dict[str, Any]:
    """The last of each run as JSON can hold it in little room: what the runs of a digest share is said once."""
    pools: dict[str, list[Any]] = {"machine": [], "versions": []}
    kinds: dict[str, list[dict[str, Any]]] = {}
    for group in runs(records):
        first = group[0]
        shared = {k: v for k, v in first.facts.items() if all(k in one.facts and one.facts[k] == v for one in group)}
        lines = []
        for one in group:
            numbers = {name: getattr(one, name) for name in RUN}
            for name, pool in pools.items():
                if numbers[name] not in pool:
                    pool.append(numbers[name])
                numbers[name] = pool.index(numbers[name])
            lines.append([*numbers.values(), {k: v for k, v in one.facts.items() if k not in shared}])
        same = {"name": group[-1].name, "digest": first.digest, "unit": first.unit, "facts": shared, "runs": lines}
        kinds.setdefault(first.kind, []).append(same)
    return {**pools, "kinds": kinds}


def summary(records: Iterable[Record]) -> tuple[float, float, int]:
    """Mean, standard deviation over runs (nan for one), number of runs.

    >>> summary([])
    (nan, nan, 0)
    """
    values = [record.value for record in records]
    return (
        fmean(values) if values else float("nan"),
        stdev(values) if len(values) > 1 else float("nan"),
        len(values),
    )


def latest(records: Iterable[Record]) -> Iterator[Record]:
    """Of records with the same digest, seed and accelerator, the last one."""
    found = {(record.digest, record.seed, record.machine.get("accelerator")): record for record in records}
    yield from found.values()


def runs(records: Iterable[Record]) -> list[list[Record]]:
    """The last records of each experiment, over its seeds: those of one digest together, in the order they first came.

    >>> runs([])
    []
    """
    groups: dict[str, list[Record]] = {}
    for one in latest(records):
        groups.setdefault(one.digest, []).append(one)
    return list(groups.values())

"""Record: one measured number and all that it needs to be believed. Kept as append-only JSON lines.

Accuracy, speed and recovery are records alike. Tables in the README and the docs are made from records and from
nothing else.
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

from imveil.errors import BadSource
from imveil.system import PACKAGE, cores, folder


class Record(BaseModel):
    """One measured number.

    kind: "accuracy", "speed", "recovery", "rate", ...   name: of the recipe or benchmark.   digest: of what was run,
    so that records of one experiment are found together.   facts: what was run, readable.   seed: of this run, None
    where there is none. value, unit: the number.   n: how many things it was measured on.   low, high: its 95 %
    interval, or the range of the rounds. seconds: how long it took.   machine, versions, commit, date: where, with
    what, when.
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


def digest_of(facts: Mapping[str, Any]) -> str:
    """Names what was run by its facts, whatever their order: 16 hex digits.

    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


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


def append(record: Record, file: Path | None = None) -> Path:
    """Add one line to records/<kind>.jsonl, synced to disk. Lines that are there are never touched."""
    path = file or folder("records") / f"{record.kind}.jsonl"
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(record.model_dump(), separators=(",", ":"), ensure_ascii=False) + "\n")
        out.flush()
        os.fsync(out.fileno())
    return path


def read(kind: str, file: Path | None = None) -> list[Record]:
    """All records of a kind, oldest first; BadSource with the line number for a line that is none."""
    path = file or folder("records") / f"{kind}.jsonl"
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(Record.model_validate_json(line))
        except ValidationError as error:
            raise BadSource(f"{path.name} line {number} is no record: {error.errors()[0]['msg']}") from error
    return found


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

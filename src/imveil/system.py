"""The machine and its folders: how many cores there are, where data, caches and records lie."""

from __future__ import annotations

import os
from pathlib import Path

from imveil.errors import BadSource

PACKAGE = Path(__file__).parent


def cores() -> int:
    """The processor cores that this process may use, which may be fewer than the machine has; at least one.

    >>> cores() >= 1
    True
    """
    # Not every system tells what a process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache_folder() -> Path:
    """Where fetched data is kept: $IMVEIL_CACHE, else $XDG_CACHE_HOME/imveil, else ~/.cache/imveil."""
    if own := os.environ.get("IMVEIL_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "imveil"


def data_folder() -> Path | None:
    """The folder of data sets that IMVEIL_DATA names, None where it names none."""
    named = os.environ.get("IMVEIL_DATA")
    return Path(named) if named else None


def folder(name: str) -> Path:
    """The folder `recipes` or `records`: at the top of a checkout, inside the package when installed from a wheel.

    >>> folder("records").name
    'records'
    """
    for candidate in (PACKAGE / name, PACKAGE.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise BadSource(f"the folder {name} is not there", hint="this installation of imveil is incomplete")

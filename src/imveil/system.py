"""The machine and its folders: cores and memory, where data, caches and measurements lie."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from pathlib import Path

PACKAGE = Path(__file__).parent
MEASURED = PACKAGE / "records.json"  # what a wheel carries of the records


def cores() -> int:
    """The processor cores that this process may use, which may be fewer than the machine has; at least one.

    >>> cores() >= 1
    True
    """
    # Not every system tells what a process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache  # every picture asks
def memory() -> int:
    """Bytes of memory that this process may use: of the machine, or less where the process or its group is limited.

    >>> memory() > 1 << 20
    True
    """
    known = [1 << 33]
    with contextlib.suppress(ValueError, OSError, AttributeError):
        known = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with contextlib.suppress(ValueError, OSError):
        known.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    with contextlib.suppress(ImportError, OSError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        known += [limit] if limit != resource.RLIM_INFINITY else []
    return min(known)


def running() -> float:
    """Seconds since this process was started, imports and all; 0 where the system does not tell.

    >>> running() >= 0
    True
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        ticks = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
        began = int(ticks) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - began)
    return 0.0


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


def state_folder() -> Path:
    """Where marks of what was done are kept: $IMVEIL_STATE, else $XDG_STATE_HOME/imveil, else ~/.local/state/imveil."""
    if own := os.environ.get("IMVEIL_STATE"):
        return Path(own)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "imveil"


def home_folder() -> Path:
    """Where a user's own measurements are kept: $XDG_DATA_HOME/imveil, else ~/.local/share/imveil."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "imveil"


def checkout() -> Path | None:
    """The top of the checkout that this package is run from, None where it was installed from a wheel."""
    top = PACKAGE.parents[1]
    return top if (top / "records").is_dir() and (top / "pyproject.toml").is_file() else None

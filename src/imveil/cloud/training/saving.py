"""Saving: one run a model at a time, and no model lost because its place was taken meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from imveil.cloud.modelfile import Model
from imveil.errors import BadDestination


@contextlib.contextmanager
def alone(place: Path) -> Iterator[None]:
    """Hold `place` for one run; BadDestination where another run has it.

    The hold is the system's, on an open file beside it: it ends with the run, however that ends.
    """
    lock = place.with_name(f".{place.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise BadDestination(f"{place} is no place for a file: {error.strerror or error}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadDestination(
                f"another run is training {place.name} now", hint="wait for its end, or choose another name"
            ) from error
        except OSError:  # a file system without locks: go without
            pass
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(handle)


class Saver:
    """Writes a model as soon as there is one, and again when it is scored; beside a file that has come meanwhile.

    Attributes
    ----------
    place
        Where it lies.
    """

    def __init__(self, place: Path, *, force: bool = False) -> None:
        self.place, self.force, self.written = place, force, False

    def __call__(self, model: Model) -> None:
        """Write it. Raises BadDestination."""
        if not self.written and not self.force:
            self.place = _free(self.place)
        model.save(self.place, force=self.written or self.force)
        self.written = True


def _free(place: Path) -> Path:
    """`place`, or where a file lies there the first name beside it that is free."""
    found, number = place, 1
    while found.exists():
        number += 1
        found = place.with_name(f"{place.stem}-{number}{place.suffix}")
    return found

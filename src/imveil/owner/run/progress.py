"""What a run tells while it lasts and when it ends, and its error when a disk is full. Plain facts."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from imveil.errors import BadDestination


class Reject(NamedTuple):
    """A picture that was left out, and why.

    Attributes
    ----------
    at
        Its place in the source.
    path
        Of its cipher image.
    """

    at: int
    id: str
    path: str
    reason: str

    @property
    def line(self) -> str:
        """The reason for the owner, who is told which picture it is."""
        return line_of(self.id, self.reason)


def line_of(id: str, reason: str) -> str:
    """Why something is wrong with a picture, with its id, which many reasons name already.

    >>> line_of("cat/1.png", "no picture"), line_of("cat/1.png", "photos/cat/1.png is empty")
    ('cat/1.png: no picture', 'photos/cat/1.png is empty')
    """
    return reason if id in reason else f"{id}: {reason}"


@dataclass(frozen=True)
class Progress:
    """Where a run is: images done of all, bytes of cipher files, seconds so far, images kept from an earlier run."""

    done: int
    total: int
    bytes: int
    seconds: float
    kept: int = 0


@dataclass(frozen=True)
class Report:
    """What a run did.

    Attributes
    ----------
    images
        Written or kept.
    already
        The job was complete before it began.
    notes
        What its owner should know.
    wrong
        What is not as it should be, beside the pictures that were left out.
    """

    images: int
    kept: int
    bytes: int
    seconds: float
    rejected: list[Reject] = field(default_factory=list)
    already: bool = False
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


Watch = Callable[[Progress], None]


def cannot_write(root: Path, error: OSError) -> BadDestination:
    """The error for a destination that could not be written to."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BadDestination(
            f"no space is left for {root}; what was finished stays",
            hint="free some space and run the same command again to go on",
        )
    return BadDestination(f"{error.filename or root} cannot be written: {error.strerror or error}")


@contextlib.contextmanager
def writing(root: Path) -> Iterator[None]:
    """Every OSError of the block as that error."""
    try:
        yield
    except OSError as error:
        raise cannot_write(root, error) from error

"""Budget: what a file from a stranger may cost whoever opens it, when no key says what its owner wrote.

It follows from the length of the file and the memory of this machine: bytes that come out of it, values and members,
seconds. Whoever decodes spends from it before memory is taken, so a small file cannot ask for much.
"""

from __future__ import annotations

import json
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from imveil.errors import BadImage
from imveil.system import memory

FREE = 1 << 24  # bytes that even the shortest file may become
CIPHER, PICTURE = 16, 256  # bytes out of one byte in: cipher images hardly compress, pictures do
_ITEMS, _SECONDS, _RATE = 1 << 16, 30.0, 1e6
_SHARE = 8  # of the memory: a picture is held several times while it is worked on


class Budget:
    """What is left for one file. length: of the file in bytes; ratio: bytes that one byte of it may become.

    Raises BadImage when it is spent.

    >>> Budget(100).decode(1 << 40)
    Traceback (most recent call last):
    imveil.errors.BadImage: it would become 1,099,511,627,776 bytes, at most 16,778,816 are decoded of a file of 100
    """

    def __init__(self, length: int, ratio: int = CIPHER, *, free: int = FREE) -> None:
        self.length = length
        self.bytes = min(free + ratio * length, max(free, memory() // _SHARE))
        self.items = _ITEMS + length // 4
        self.until = time.monotonic() + _SECONDS + length / _RATE

    def decode(self, count: int) -> None:
        """Spend bytes that are about to be made."""
        if count > self.bytes:
            raise BadImage(
                f"it would become {count:,} bytes, at most {self.bytes:,} are decoded of a file of {self.length:,}"
            )
        self.bytes -= count
        self.still()

    def take(self, count: int = 1) -> None:
        """Spend members or values."""
        if count > self.items:
            raise BadImage(f"it holds more than {_ITEMS + self.length // 4:,} values, too many for its length")
        self.items -= count
        self.still()

    def member(self, member: tarfile.TarInfo) -> bool:
        """Spend a member of a tar; whether it is a file whose bytes all stand there: those of a sparse one do not."""
        self.take()
        return member.isfile() and not member.issparse() and member.offset_data + member.size <= self.length

    def still(self) -> None:
        """Raise where the time is over."""
        if time.monotonic() > self.until:
            raise BadImage("decoding it takes too long for its length")

    def json(self, data: bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
        """The value of a text of JSON.

        Parameters
        ----------
        pairs
            Makes each object from its members.

        Raises
        ------
        ValueError
            For anything else.
        BadImage
            Where it is too deep or has too many parts.
        """
        self.take(sum(map(data.count, (b",", b"[", b"{"))))
        try:
            return json.loads(data, object_pairs_hook=pairs)
        except RecursionError as error:
            raise BadImage("it is nested too deeply") from error


__all__ = ["CIPHER", "FREE", "PICTURE", "Budget"]


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Any failure of a decoder as BadImage; its own errors are of many kinds, and to the caller all mean the same.

    >>> with decoding("the PNG"):
    ...     int("a")
    Traceback (most recent call last):
    imveil.errors.BadImage: the PNG is broken: invalid literal for int() with base 10: 'a'
    """
    try:
        yield
    except BadImage:
        raise
    except MemoryError as error:
        raise BadImage("the image does not fit into memory") from error
    except Exception as error:
        raise BadImage(f"{what} is broken: {error}") from error

"""Files of arrays as sources: MedMNIST's layout (train_images, train_labels, ...), x_train, y_train, or images, labels.

Arrays are (n, h, w) or (n, h, w, c), c = 1..4, of uint8, or of uint16 (read as pictures of 16 bits). Other numbers are
refused, never scaled. Labels are whole numbers, (n,) or (n, 1).
"""

from __future__ import annotations

import os
from abc import abstractmethod
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadImage, BadSource
from imveil.owner.picture import Picture, from16
from imveil.owner.sources.base import Item, Source

_PAIRS = (("{}_images", "{}_labels"), ("x_{}", "y_{}"), ("X_{}", "y_{}"))
_SPLITS = ("train", "val", "valid", "validation", "test")
_WHOLE = (("images", "labels"), ("x", "y"), ("X", "y"), ("images", "label"))
_MOST_CLASSES = 1 << 16


class Held(Protocol):
    """An opened file of arrays."""

    def names(self) -> set[str]:
        """Of its arrays."""

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
        """Shape, kind of numbers, and bytes that are there for it, without reading the array."""

    def load(self, name: str) -> npt.NDArray[Any]:
        """The array, in memory."""

    def rows(self, name: str) -> Rows | npt.NDArray[Any]:
        """The array, to be read row by row."""


@dataclass(frozen=True)
class Rows:
    """An array whose rows lie one after the other in a file: each is read when it is asked for, and none is kept.

    Attributes
    ----------
    offset
        Of the first row, in bytes.
    shape
        (n, ...)
    """

    path: str
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    file: tuple[int, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", _identity(self.path))

    def there(self) -> bool:
        """Whether this process sees the same file: one on another machine may not."""
        return _identity(self.path) == self.file

    def __getitem__(self, i: int) -> npt.NDArray[Any]:
        """Row i. Raises BadImage where the file has become shorter, or is there no more."""
        size = int(np.prod(self.shape[1:], dtype=object)) * self.dtype.itemsize
        try:
            with open(self.path, "rb", buffering=0) as file:
                data = os.pread(file.fileno(), size, self.offset + i * size)
        except OSError as error:
            raise BadImage(f"{self.path} cannot be read: {error.strerror or error}") from error
        if len(data) != size:
            raise BadImage(f"{self.path} has become shorter")
        return np.frombuffer(data, self.dtype).reshape(self.shape[1:])


def _identity(path: str) -> tuple[int, ...]:
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class _Part(NamedTuple):
    split: str | None
    member: str
    shape: tuple[int, ...]
    wide: bool


class ArraySource(Source):
    """The pictures of one file, named by their index within the split: "00012.png".

    Opening reads sizes and labels; a picture is read where it lies in the file when it is asked for, and not kept, so
    that memory does not grow with the file. Classes are called by their number, of as many digits as the last.
    Raises BadSource, BadDtype.
    """

    kind: ClassVar[str]
    broken: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, path: Path | str) -> None:
        self.path = self.place = Path(path)
        self.spec = str(path)
        self.notes = []
        self._held: dict[int, Rows | npt.NDArray[Any]] = {}
        try:
            with self._opened() as file:
                self._parts, labels = self._look(file)
        except FileNotFoundError as error:
            raise BadSource(f"{path} is not there") from error
        except (BadSource, BadDtype):
            raise
        except self.broken as error:
            raise BadSource(f"{path} is no {self.kind} that can be read: {error}") from error
        found = [of for of in labels if of is not None]
        count = 1 + max((int(of.max()) for of in found), default=-1)
        self.notes += [
            f"{int((of < 0).sum()):,} pictures of {part.member} have the label -1, which is none"
            for part, of in zip(self._parts, labels, strict=True)
            if of is not None and (of < 0).any()
        ]
        self.classes = [f"{i:0{len(str(count - 1))}d}" for i in range(count)]
        self.items = [
            Item(part.split, None if of is None or of[i] < 0 else int(of[i]), f"{i:05d}.png")
            for part, of in zip(self._parts, labels, strict=True)
            for i in range(part.shape[0])
        ]

    @abstractmethod
    def _opened(self) -> AbstractContextManager[Held]:
        """The file, opened again."""

    def read(self, i: int) -> Picture:
        """Picture i. Raises BadImage where the file is damaged."""
        i = range(len(self.items))[i]
        for k, part in enumerate(self._parts):
            if i < part.shape[0]:
                row = self._rows(k)[i].reshape(part.shape[1:])
                image: Any = np.ascontiguousarray(row, np.uint16 if part.wide else np.uint8)
                return Picture(from16(image), 16) if part.wide else Picture(image, 8)
            i -= part.shape[0]
        raise IndexError(i)

    def __getstate__(self) -> dict[str, Any]:
        """With what was found out about the file, so that workers need not look again; without pictures."""
        for k in range(len(self._parts)):
            with suppress(BadImage):  # it is told when a picture is read
                self._rows(k)
        return vars(self) | {"_held": {k: rows for k, rows in self._held.items() if isinstance(rows, Rows)}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"_held": {k: rows for k, rows in state["_held"].items() if rows.there()}})

    def _rows(self, k: int) -> Rows | npt.NDArray[Any]:
        """The pictures of part k."""
        if k not in self._held:
            part = self._parts[k]
            try:
                with self._opened() as file:
                    rows = file.rows(part.member)
            except self.broken as error:
                raise BadImage(f"{self.path}: {part.member} is broken: {error}") from error
            if np.prod(rows.shape, dtype=object) != np.prod(part.shape, dtype=object):
                raise BadImage(f"{self.path}: {part.member} has changed")
            self._held[k] = rows
        return self._held[k]

    def _look(self, file: Held) -> tuple[list[_Part], list[npt.NDArray[Any] | None]]:
        names = file.names()
        pairs: list[tuple[str | None, str, str]] = []
        for split in _SPLITS:
            pairs += [(split, x.format(split), y.format(split)) for x, y in _PAIRS if x.format(split) in names][:1]
        if not pairs:
            whole = [(None, x, y) for x, y in _WHOLE if x in names]
            pairs += [pair for pair in whole if pair[2] in names][:1] or whole[:1]
        if not pairs:
            held = ", ".join(sorted(names)) or "nothing"
            raise BadSource(
                f"{self.path} holds {held}, and no arrays of pictures",
                hint="train_images and train_labels, x_train and y_train, or images and labels are read",
            )
        without = {y for _, _, y in pairs if y not in names}
        if without and len(without) < len({y for _, _, y in pairs}):
            raise BadSource(f"{self.path} has labels for some splits, but no {', '.join(sorted(without))}")
        parts, labels = [], []
        for of, images, label in pairs:
            part = self._images(file, of, images)
            if part.shape[0] == 0:
                self.notes.append(f"{images} of {self.path} is empty")
                continue
            parts.append(part)
            labels.append(None if without else self._labels(file, label, part.shape[0]))
        if not parts:
            raise BadSource(f"{self.path} holds no pictures, its arrays are empty")
        return parts, labels

    def _images(self, file: Held, split: str | None, name: str) -> _Part:
        shape, dtype, size = file.header(name)
        if dtype not in (np.dtype(np.uint8), np.dtype("<u2"), np.dtype(">u2")):
            raise BadDtype(
                f"{name} of {self.path} holds {dtype}, pictures are uint8",
                hint="scale and round it yourself, so that it is known how",
            )
        full = (*shape, 1) if len(shape) == 3 else shape
        if len(full) > 4 or (len(full) == 4 and full[3] > 4):
            raise BadSource(
                f"{name} of {self.path} is {shape}: volumes, or pictures of more than 4 channels",
                hint="write it as (n, h, w) or (n, h, w, c), a slice or a few channels each",
            )
        if len(full) != 4 or not 1 <= full[3] <= 4 or (full[0] and 0 in full):
            raise BadSource(f"{name} of {self.path} is {shape}, (n, h, w) or (n, h, w, c) with 1 to 4 channels is read")
        # The file says how long a member is: a header alone cannot claim memory.
        if size < np.prod(full, dtype=object) * dtype.itemsize:
            raise BadSource(f"{name} of {self.path} is cut off")
        return _Part(split, name, full, dtype.itemsize == 2)

    def _labels(self, file: Held, name: str, count: int) -> npt.NDArray[np.int64]:
        shape, dtype, size = file.header(name)
        if dtype.kind not in "uif":
            raise BadDtype(f"{name} of {self.path} holds {dtype}, labels are whole numbers")
        if len(shape) == 2 and shape[0] == count and shape[1] > 1:
            raise BadSource(
                f"{name} of {self.path} has several labels for each picture ({shape[1]}); one is read",
                hint=f"write {name} as ({count},), a class for each picture",
            )
        if shape not in ((count,), (count, 1)):
            raise BadSource(f"{name} of {self.path} is {shape}, one label each for {count} pictures was needed")
        if size < count * dtype.itemsize:
            raise BadSource(f"{name} of {self.path} is cut off")
        labels = file.load(name).reshape(-1)
        if dtype.kind == "f":
            labels = np.where(np.isnan(labels), -1, labels)
            if (labels != np.trunc(labels)).any():
                raise BadDtype(f"{name} of {self.path} holds {dtype}, labels are whole numbers")
        if labels.min() < -1 or labels.max() >= _MOST_CLASSES:
            raise BadSource(f"{name} of {self.path} has labels from {labels.min()} to {labels.max()}, "
                            f"-1 (none) to {_MOST_CLASSES - 1} are read")  # fmt: skip
        return labels.astype(np.int64)

"""What every source is: classes, splits, items in a fixed order, and one picture at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from imveil.owner.picture import Picture
from imveil.store.manifest import ALL


class Item(NamedTuple):
    """One picture of a source, before it is read. name: posix path under its class folder, with its suffix."""

    split: str | None
    label: int | None
    name: str

    def id(self, classes: Sequence[str]) -> str:
        """The path of the picture in its data set; the same wherever the set lies.

        >>> Item("train", 3, "00012.png").id(["airplane", "automobile", "bird", "cat"])
        'train/cat/00012.png'
        """
        label = [] if self.label is None else [classes[self.label]]
        return "/".join([*([self.split] if self.split else []), *label, self.name])


class Source(ABC):
    """Plain pictures with labels. Can be pickled: workers open the files again, in the order that was found first.

    Attributes
    ----------
    spec
        What the source was opened by.
    classes
        Names, empty where pictures have no labels.
    items
        Every picture, in the order that decryption restores.
    notes
        What the owner should be told, in sentences.
    place
        The folder or file that all is read from, None where it is no single one.
    left_out
        A line for each thing that should be a picture and cannot become one, such as a link that leads nowhere.
    prepared
        What is done to the pictures when they are read, as options of `imveil encrypt`.
    """

    spec: str
    classes: list[str]
    items: Sequence[Item]
    notes: list[str]
    place: Path | None = None
    left_out: Sequence[str] = ()
    prepared: Mapping[str, str] = {}

    @property
    def splits(self) -> dict[str, int]:
        """{split: pictures} in the order of the items; {"all": n} for a source without splits."""
        found: dict[str, int] = {}
        for item in self.items:
            found[item.split or ALL] = found.get(item.split or ALL, 0) + 1
        return found

    def __len__(self) -> int:
        return len(self.items)

    @abstractmethod
    def read(self, i: int) -> Picture:
        """Picture i, decoded. Raises BadImage with its path and what is wrong with it."""

    def __repr__(self) -> str:
        splits = ", ".join(f"{n} {split}" for split, n in self.splits.items())
        return f"{type(self).__name__}({self.spec!r}: {splits}; {len(self.classes)} classes)"

"""Several cipher data sets as one: the parts of what was too large to encrypt at once. No key.

    ciphers/part-000/imveil.json ...      ciphers/part-001/imveil.json ...

Parts were made one by one, each with its own manifest, under the same key and scheme. A class is the same in all parts
by its name: a part that lacks one shifts no labels.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from imveil.errors import BadManifest, BadShape
from imveil.store.containers.base import Opened
from imveil.store.manifest import FILE, Manifest
from imveil.store.sets import CipherSet, Entry, Loaded, open_set
from imveil.store.tag import Tag

_SAME = ("scheme", "fields", "fingerprint")


class JoinedSet:
    """The parts in the folders of `path`, in the order of their names, with the face of a CipherSet that is read.

    Raises BadManifest where one is of another scheme, of other fields or of another key than the first, where some have
    splits and some have not, or where classes are hidden and differ.
    """

    def __init__(self, path: Path, sets: list[CipherSet]) -> None:
        self.path, self.sets = path, sets
        first = sets[0]
        for other in sets[1:]:
            for what in _SAME:
                mine, its = getattr(first.manifest, what), getattr(other.manifest, what)
                if mine != its:
                    raise BadManifest(
                        f"{other.path} has {what} {its}, {first.path} has {mine}",
                        hint="parts of one data set are made with one key and scheme",
                    )
            if ("all" in first.manifest.splits) != ("all" in other.manifest.splits):
                raise BadManifest(f"of {first.path} and {other.path} one has splits and one has not")
            one, two = first.manifest, other.manifest
            if one.hidden and two.hidden and (one.classes != two.classes or two.hides_others(one.class_check)):
                raise BadManifest(
                    f"{first.path} and {other.path} hide other classes: without the key nobody knows which is which",
                    hint="encrypt parts with the same class folders, or without --hide-labels",
                )
        self._ends = list(accumulate(len(one.manifest.shards) for one in sets))

    @cached_property
    def manifest(self) -> Manifest:
        """That of the first part, with the classes, splits and shards of all."""
        splits: Counter[str] = Counter()
        for one in self.sets:
            splits.update(one.manifest.splits)
        return self.sets[0].manifest.model_copy(
            update={
                "classes": sorted({name for one in self.sets for name in one.manifest.classes}, key=str.encode),
                "splits": dict(splits),
                "shards": [shard for one in self.sets for shard in one.manifest.shards],
            }
        )

    def opened(self, number: int) -> Opened:
        """Shard `number`, counted over all parts. Raises BadShard."""
        one, at = self._part(number)
        return one.opened(at)

    def entries_of(self, number: int) -> list[Entry]:
        """The images of shard `number`, with labels that count in the classes of all parts. Raises BadShard."""
        one, at = self._part(number)
        names, place = one.manifest.classes, {name: i for i, name in enumerate(self.manifest.classes)}
        return [e._replace(label=place[names[e.label]] if e.label >= 0 else -1) for e in one.entries_of(at)]

    def load(self, split: str = "all") -> Loaded:
        """All images of one split, in memory; see `CipherSet.load`. Names begin with their part's."""
        if split not in self.manifest.splits:
            raise BadManifest(f"{self.path} has no split {split!r}, it has {', '.join(self.manifest.splits)}")
        having = [one for one in self.sets if one.manifest.splits.get(split)]
        count, place = self.manifest.splits[split], {name: i for i, name in enumerate(self.manifest.classes)}
        images: Any = np.empty((0, 0, 0, 0), np.uint8)
        labels, names, tags = np.empty(count, np.int64), list[str](), list[Tag | None]()
        for one in having:  # each goes into its place before the next is read, so that one is held twice
            part = one.load(split)
            if not names:
                images = np.empty((count, *part.images.shape[1:]), part.images.dtype)
            if part.images.shape[1:] != images.shape[1:] or part.images.dtype != images.dtype:
                raise BadShape(
                    f"images of {one.path} are {part.images.dtype} {part.images.shape[1:]}, "
                    f"those before {images.dtype} {images.shape[1:]}"
                )
            at = slice(len(names), len(names) + len(part.names))
            images[at] = part.images
            labels[at] = np.array([*(place[name] for name in one.manifest.classes), -1])[part.labels]  # -1 stays -1
            names += [f"{one.path.name}/{name}" for name in part.names]
            tags += part.tags
            del part
        return Loaded(images, labels, names, tags)

    def _part(self, number: int) -> tuple[CipherSet, int]:
        at = bisect_right(self._ends, number)
        return self.sets[at], number - (self._ends[at - 1] if at else 0)


AnySet = CipherSet | JoinedSet


def open_sets(path: str | Path) -> AnySet:
    """The cipher data set in the folder `path`, or those in its folders as one. Raises BadManifest."""
    root = Path(path)
    if (root / FILE).exists() or not root.is_dir():
        return open_set(root)
    parts = sorted(entry for entry in root.iterdir() if (entry / FILE).is_file())
    return JoinedSet(root, [open_set(part) for part in parts]) if parts else open_set(root)


__all__ = ["AnySet", "JoinedSet", "open_sets"]

"""Splits and classes as people write them: names of splits, labels in words or numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from imveil.errors import BadSource

SPLITS = ("train", "training", "val", "valid", "validation", "dev", "test", "testing")
"""Names of folders, and parts of names of files, that are splits, whatever their case, in the order of splits."""
_PART = re.compile(r"[-._ 0-9/]+")


def rank(name: str) -> tuple[int, bytes]:
    """For sorting: train before val before test, other names last, by their bytes."""
    lower = name.lower()
    return SPLITS.index(lower) if lower in SPLITS else len(SPLITS), os.fsencode(name)


def of_files(paths: Sequence[str], where: str) -> list[str | None]:
    """The split of each file, told by a part of its path: "data/train-00000.parquet", "test/1.tar".

    None for all where no path names one. Raises BadSource where only some do.

    >>> of_files(["train-00000-of-00002.tar", "x/test.tar"], "here")
    ['train', 'test']
    """
    found = [next((part for part in _PART.split(path) if part.lower() in SPLITS), None) for path in paths]
    if None in found and len(set(found)) > 1:
        lone = paths[found.index(None)]
        raise BadSource(
            f"some files of {where} name a split (train, val, test), {lone} does not",
            hint="rename it, or put it elsewhere",
        )
    return found


def classes(labels: Sequence[object], where: str) -> tuple[list[str], list[int | None]]:
    """Class names, and the label of each picture, from what a list says of it: a word or whole number each, or nothing.

    Words are sorted by their bytes, numbers by value. Raises BadSource where only some have a label, and for labels of
    other kinds.

    >>> classes(["dog", "cat", "dog"], "here")
    (['cat', 'dog'], [1, 0, 1])
    >>> classes([10, 9], "here")
    (['9', '10'], [1, 0])
    """
    without = sum(label is None or label == "" for label in labels)
    if without == len(labels):
        return [], [None] * len(labels)
    if without:
        raise BadSource(f"{without} of {len(labels)} pictures of {where} have no label", hint="give all one, or none")
    for label in labels:
        if type(label) not in (str, int):
            raise BadSource(f"a label of {where} is {str(label)[:40]!r}, one word or whole number was needed")
    texts = [str(label) for label in labels]
    numbers = all(re.fullmatch("-?[0-9]{1,18}", text, re.ASCII) for text in texts)
    names = sorted(set(texts), key=lambda text: (int(text), text) if numbers else (0, text))
    if not numbers:
        names = sorted(names, key=os.fsencode)
    place = {name: i for i, name in enumerate(names)}
    return names, [place[text] for text in texts]

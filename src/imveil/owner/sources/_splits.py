"""Splits and classes as people write them: names of splits, labels in words or numbers."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from imveil.errors import BadSource, MissingExtra, brief
from imveil.extras import need

SPLITS = ("train", "training", "val", "valid", "validation", "dev", "test", "testing")
"""Names of folders, and parts of names of files, that are splits, whatever their case, in the order of splits."""
LISTS = ("metadata.csv", "metadata.jsonl", "metadata.parquet", "labels.csv", "labels.jsonl")
"""What a list of pictures in a folder is called."""
FILES = ("file_name", "file", "filename", "path", "image")
"""What the column of files is called in a list."""
_NONE = (None, "", -1, "-1", "nan", "NaN", "<NA>", "__HIVE_DEFAULT_PARTITION__")  # as tables write what is not there
_PART = re.compile(r"[-._ 0-9/]+")


def is_list(path: Path) -> bool:
    """Whether a file of such a name is a list. A Parquet file may be anything: one is a list that names files in texts,
    and holds no pictures itself; one that cannot be read is told by whoever reads it."""
    if path.suffix != ".parquet" or not path.is_file():
        return path.is_file()
    try:
        schema = need("pyarrow.parquet", "parquet", "a .parquet file").read_schema(path)
    except MissingExtra:
        return False
    except Exception:  # Arrow's errors are of many kinds
        return True
    kinds = {field.name: str(field.type) for field in schema}
    held = any(kind.startswith(("struct", "binary", "large_binary")) for kind in kinds.values())
    return not held and any("string" in kinds.get(name, "") for name in FILES)


def rank(name: str) -> tuple[int, bytes]:
    """For sorting: train before val before test, other names last, by their bytes."""
    lower = name.lower()
    return SPLITS.index(lower) if lower in SPLITS else len(SPLITS), os.fsencode(name)


def of_files(paths: Sequence[str], where: str) -> list[str | None]:
    """The split of each file, told by a part of its path: "data/train-00000.parquet", "test/1.tar".

    `split=train` in a path says so too, and where some paths name a split, so does what stands before the numbers of
    another, "unlabelled-00000-of-00002". None for all where no path names one. Raises BadSource where only some do.

    >>> of_files(["train-00000-of-00002.tar", "x/test.tar"], "here")
    ['train', 'test']
    """
    found = [keyed(path, ("split",)) or _told(path) for path in paths]
    if None in found and len(set(found)) > 1:
        found = [of or _numbered(path) for of, path in zip(found, paths, strict=True)]
    if None in found and len(set(found)) > 1:
        lone = paths[found.index(None)]
        raise BadSource(
            f"some files of {where} name a split (train, val, test), {lone} does not",
            hint="rename it, or put it elsewhere",
        )
    return found


def keyed(path: str, names: Sequence[str]) -> str | None:
    """What a folder of a path says as `name=value`, for one of `names`; None where none does.

    >>> keyed("split=train/label=cat/x.parquet", ("label", "class"))
    'cat'
    """
    for part in path.split("/")[:-1]:
        name, equals, value = part.partition("=")
        if equals and name.lower() in names:
            return urllib.parse.unquote(value)
    return None


def _told(path: str) -> str | None:
    return next((part for part in _PART.split(path) if part.lower() in SPLITS), None)


def _numbered(path: str) -> str | None:
    found = re.fullmatch(r"(.+)-[0-9]+-of-[0-9]+", path.rpartition("/")[2].partition(".")[0])
    return found[1] if found else None


def classes(labels: Sequence[object], where: str) -> tuple[list[str], list[int | None]]:
    """Class names, and the label of each picture, from what a list says of it: a word or whole number each, or nothing.

    Words are sorted by their bytes, numbers by value; true and false are words. None, an empty word, -1 and what tables
    write for a gap (nan, <NA>) are no label. Where all labels are numbers, 1.0 is 1, as tables with gaps write it.
    Raises BadSource for labels of other kinds.

    >>> classes(["dog", "cat", "dog"], "here")
    (['cat', 'dog'], [1, 0, 1])
    >>> classes([10, 9], "here")
    (['9', '10'], [1, 0])
    """
    for row, label in enumerate(labels):
        if isinstance(label, (list, tuple)):
            raise BadSource(
                f"row {row} of {where} has several labels, {brief(label, 40)}; one for each picture is read",
                hint="write one column or list with a single label each",
            )
        whole = type(label) is float and (label != label or label.is_integer())
        if not whole and type(label) not in (str, int, bool, type(None)):
            raise BadSource(f"the label of row {row} of {where} is {brief(label, 40)}; a word or whole number is read")
    given = [None if label in _NONE or label != label else str(label) for label in labels]
    if all(text is None or re.fullmatch(r"-?[0-9]{1,18}(\.0+)?", text, re.ASCII) for text in given):
        given = [str(int(text.partition(".")[0])) if text and "." in text else text for text in given]
        given = [None if text == "-1" else text for text in given]
    texts = [text for text in given if text is not None]
    numbers = all(re.fullmatch("-?[0-9]{1,18}", text, re.ASCII) for text in texts)
    names = sorted(set(texts), key=lambda text: (int(text), text) if numbers else (0, text))
    if not numbers:
        names = sorted(names, key=os.fsencode)
    place = {name: i for i, name in enumerate(names)}
    return names, [None if text is None else place[text] for text in given]


def without_label(labels: Sequence[int | None], splits: Sequence[str | None]) -> list[str]:
    """What to say where some pictures have a label and others of the same source have none."""
    lost = Counter(split or "all" for split, label in zip(splits, labels, strict=True) if label is None)
    if not lost or sum(lost.values()) == len(labels):
        return []
    return [f"pictures without a label: {', '.join(f'{n:,} of {split}' for split, n in lost.items())}"]

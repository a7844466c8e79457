"""The files under a folder of a source: hidden ones are passed over, links are followed where they may be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from imveil.errors import BadSource
from imveil.store.files import kind_of

_OF_SYSTEMS = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"}


class Found(NamedTuple):
    """What lies there.

    Attributes
    ----------
    files
        Posix paths from the root, in the order of their names.
    left_out
        A line for each entry that may have been meant for a picture and can be none: a link that leads nowhere, a FIFO.
    empty
        Folders that hold nothing that is not hidden.
    """

    files: list[str]
    left_out: list[str]
    empty: list[str]


def walk(root: Path, follow_links: bool = False) -> Found:
    """Everything under `root`. Raises BadSource for a folder that cannot be read, and for links that lead out of
    `root` unless `follow_links`; links within are followed, but no folder inside of itself."""
    found, out = Found([], [], []), list[str]()
    home = root.resolve()
    for below, entries in _folders(root):
        if not entries and below:
            found.empty.append(below.rstrip("/"))
        for entry in sorted(entries, key=lambda entry: os.fsencode(entry.name)):
            path = below + entry.name
            if entry.is_symlink():
                if not Path(entry.path).exists():
                    found.left_out.append(f"{root / path} is a link that leads nowhere: fetch or mount its target")
                    continue
                if not follow_links and not Path(entry.path).resolve().is_relative_to(home):
                    out.append(path)
                    continue
            if entry.is_file():
                found.files.append(path)
            elif not entry.is_dir():
                found.left_out.append(f"{root / path} is {kind_of(Path(entry.path).stat().st_mode)}, and no picture")
    if out:
        others = f", and {len(out) - 1:,} more" if out[1:] else ""
        raise BadSource(
            f"the link {out[0]!r} leads out of {root}{others}",
            hint="what it leads to is encrypted too with --follow-links",
        )
    found.files.sort(key=lambda path: [os.fsencode(part) for part in path.split("/")])
    return found


def names(root: Path) -> Iterator[str]:
    """The files of `walk`, as they are met, and those that links lead out to. Raises BadSource for a folder that cannot
    be read."""
    return (below + entry.name for below, entries in _folders(root) for entry in entries if _followed(entry).is_file())


def folders(root: Path) -> list[Path]:
    """The folders right below. Raises as `names`."""
    return [Path(entry.path) for entry in _entries(root) if _followed(entry).is_dir()]


def hidden(name: str) -> bool:
    """Whether a file or a folder of this name is none of the owner's: it begins with a dot, or a system made it.

    >>> hidden(".DS_Store"), hidden("__MACOSX"), hidden("cat")
    (True, True, False)
    """
    return name.startswith(".") or name in _OF_SYSTEMS


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is not hidden."""
    try:
        return [entry for entry in os.scandir(folder) if not hidden(entry.name)]
    except OSError as error:
        raise BadSource(f"{folder} cannot be read: {error.strerror}") from error


def _followed(entry: os.DirEntry[str]) -> os.DirEntry[str] | Path:
    """What can be asked whether it is a file or a folder: of a link that leads to itself the entry cannot."""
    return Path(entry.path) if entry.is_symlink() else entry


def _folders(root: Path) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """What lies in root and in the folders below, links followed, each with its posix path and a slash; none inside of
    itself."""
    todo = [(root, "", frozenset({root.resolve()}))]
    while todo:
        folder, below, above = todo.pop()
        entries = _entries(folder)
        yield below, entries
        for entry in (one for one in entries if _followed(one).is_dir()):
            here = Path(entry.path).resolve() if entry.is_symlink() else None
            if here is not None and any(place.is_relative_to(here) for place in above):
                continue
            inner = above if here is None else above | {here}
            todo.append((Path(entry.path), f"{below}{entry.name}/", inner))


__all__ = ["Found", "folders", "hidden", "names", "walk"]

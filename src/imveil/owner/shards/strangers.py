"""What lies in the folder of a cipher data set and is no part of it, as any program that walks it would meet it.

Every entry is looked at as it is: a link is a link, wherever it leads, and nothing is opened. A folder that holds no
picture of the set is one line, and is not gone into.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Set
from pathlib import Path

from imveil.store.files import kind_of


def strangers(home: Path, files: Set[str]) -> Iterator[str]:
    """A line for each entry below `home` that is none of `files` (posix paths from there), or is no regular file."""
    folders = {path[:at] for path in files for at, char in enumerate(path) if char == "/"}
    todo = [""]
    while todo:
        below = todo.pop()
        try:
            entries = sorted(os.scandir(home / below), key=lambda entry: entry.name)
        except OSError as error:
            yield f"{home / below} cannot be read: {error.strerror or error}"
            continue
        for entry in entries:
            path = f"{below}{entry.name}"
            mode = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
            if mode == stat.S_IFDIR:
                if path in folders:
                    todo.append(f"{path}/")
                else:
                    yield f"{home / path} is a folder that is no part of the data set"
            elif mode != stat.S_IFREG:
                known = "in the place of a file of the data set" if path in files | folders else "and no part of it"
                yield f"{home / path} is {kind_of(mode)}, {known}"
            elif path not in files:
                yield f"{home / path} is no part of the data set"


__all__ = ["strangers"]

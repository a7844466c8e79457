"""A source written as folders of PNGs, DST/train/cat/00012.png, as other programs open it. Can be interrupted."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from imveil.errors import BadDestination
from imveil.owner.picture import to16
from imveil.owner.run.progress import cannot_write
from imveil.owner.shards.names import as_png, ids
from imveil.owner.sources import Source
from imveil.store.files import write_file
from imveil.store.png import encode

_ASIDE = re.compile(r"\..*\.png\.[0-9]+\.part")


def export(source: Source, target: Path, progress: Callable[[int], object] = int) -> int:
    """Write every picture of `source` under `target`; how many were there already, from an earlier run.

    Parameters
    ----------
    progress
        Called with the number of pictures done.

    Raises
    ------
    BadDestination
        For a folder that holds anything but these pictures; it is left as it is.
    """
    paths = as_png(ids(source.items, source.classes))
    there = _found(target, set(paths))
    for i, path in enumerate(paths):
        picture = source.read(i)
        data = encode(picture.pixels if picture.depth == 8 else to16(picture.pixels))
        place = target / path
        try:
            if path not in there:
                place.parent.mkdir(parents=True, exist_ok=True)
                write_file(place, data, aside=place.with_name(f".{place.name}.{os.getpid()}.part"))
            elif place.read_bytes() != data:
                raise BadDestination(
                    f"{place} is there and is another picture", hint="name an empty folder, or remove that file"
                )
        except OSError as error:
            raise cannot_write(target, error) from error
        progress(i + 1)
    return len(there)


def _found(target: Path, paths: set[str]) -> set[str]:
    """Which of `paths` are under `target` already. Leftovers of a killed run are removed, anything else is foreign."""
    if target.exists() and not target.is_dir():
        raise BadDestination(f"a folder was needed to write to, {target} is a file")
    found: set[str] = set()
    left: list[Path] = []
    for folder, _, names in os.walk(target):
        for name in names:
            path = (Path(folder) / name).relative_to(target).as_posix()
            if path in paths:
                found.add(path)
            elif _ASIDE.fullmatch(name):
                left.append(target / path)
            else:
                raise BadDestination(f"{target} holds other files, such as {path}", hint="name an empty folder")
    for aside in left:
        aside.unlink(missing_ok=True)
    return found

"""Plain sources: where an owner's pictures come from. `open_source` takes a name, a folder or a .npz file."""

from __future__ import annotations

from pathlib import Path

from imveil.errors import BadSource
from imveil.owner.cifar_sets import SETS
from imveil.owner.fetch import Progress, on_terminal
from imveil.owner.images import MOST_PIXELS, Picture
from imveil.owner.sources.base import Item, Source

__all__ = ["NAMES", "Item", "Picture", "Source", "open_source"]

NAMES = (*SETS, "cifar100-coarse")
"""The sources that are opened by name."""


def open_source(spec: str | Path, *, most_pixels: int = MOST_PIXELS, progress: Progress = on_terminal) -> Source:
    """The source that `spec` means: "cifar10", "cifar100", "cifar100-coarse", a folder of pictures, a .npz file.

    most_pixels: pictures with more are refused, one by one.   progress: told of downloads.
    Raises BadSource in one line; Unavailable when a named set cannot be had.
    """
    if str(spec) in NAMES and not (isinstance(spec, Path) and spec.exists()):
        from imveil.owner.sources.cifar import CifarSource

        name, _, coarse = str(spec).partition("-")
        return CifarSource(name, coarse=bool(coarse), progress=progress)
    path = Path(spec)
    if path.is_dir():
        from imveil.owner.sources.folder import FolderSource

        return FolderSource(path, most_pixels=most_pixels)
    if path.is_file():
        if path.suffix.lower() != ".npz":
            raise BadSource(f"a folder or a .npz file was needed, {path} is another file")
        from imveil.owner.sources.npz import NpzSource

        return NpzSource(path)
    known = ", ".join(NAMES)
    raise BadSource(f"{spec} is not there", hint=f"name a folder of pictures, a .npz file, or one of {known}")

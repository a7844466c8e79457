"""Names that a folder can hold: what a file system cuts off, folds together or keeps for itself is called otherwise.

A picture's name may come from a table or an object store, or from a file system that tells more names apart.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_DIGEST = 16  # hex digits that take the place of what was cut off
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?|.*[<>:\"|?*\\\x00-\x1f].*|.*[. ]", re.I | re.S)


@dataclass(frozen=True)
class Holds:
    """What names a folder holds: longest: bytes of one part; path: bytes of all parts below it; cases, forms: whether
    names that differ only in case, or in Unicode form, are two; reserved: whether it keeps some names for itself."""

    longest: int = 255
    path: int = 4000
    cases: bool = True
    forms: bool = True
    reserved: bool = False

    @classmethod
    def of(cls, folder: Path) -> Holds:
        """As the file system of `folder` says; two names are tried."""
        try:
            longest, whole = os.pathconf(folder, "PC_NAME_MAX"), os.pathconf(folder, "PC_PATH_MAX")
        except (OSError, ValueError, AttributeError):
            longest, whole = 255, 260 if os.name == "nt" else 4096
        with TemporaryDirectory(prefix=".imveil-names-", dir=folder) as aside:
            for name in ("a", "\u00e9"):
                (Path(aside) / name).touch()
            cases, forms = not (Path(aside) / "A").exists(), not (Path(aside) / "e\u0301").exists()
        return cls(longest, max(whole - len(os.fsencode(folder.absolute())) - 2, 64), cases, forms, os.name == "nt")

    def fits(self, path: str) -> bool:
        """Whether a path can be there, alone."""
        parts = path.split("/")
        if len(os.fsencode(path)) > self.path or any(len(os.fsencode(part)) > self.longest for part in parts):
            return False
        return not (self.reserved and any(_RESERVED.fullmatch(part) for part in parts))

    def folded(self, path: str) -> str:
        """What two paths have in common that are one file there."""
        path = path if self.forms else unicodedata.normalize("NFC", path)
        return path if self.cases else path.casefold()


def fitted(paths: Sequence[str], holds: Holds) -> dict[int, str]:
    """Other names, ending in .png, for those of `paths` that a folder cannot hold, by their place.

    >>> fitted(["a/b.png", "x" * 300 + ".png"], Holds())[1][-25:]
    'xxxx~33c8c4f3a01362a9.png'
    """
    count = Counter(map(holds.folded, paths)) if not (holds.cases and holds.forms) else Counter()
    return {
        i: _short(path, holds) for i, path in enumerate(paths) if not holds.fits(path) or count[holds.folded(path)] > 1
    }


def _short(path: str, holds: Holds) -> str:
    """The path with each part cut to what fits, and a digest of all of it at its end."""
    mark = "~" + hashlib.sha256(os.fsencode(path)).hexdigest()[:_DIGEST]
    *folders, name = path.split("/")
    folders = [part if holds.fits(part) else _cut(part, holds) for part in folders]
    stem = _safe(name.removesuffix(".png"), holds)
    end = f"{mark}.png"
    found = "/".join([*folders, _bytes(stem, holds.longest - len(end)) + end])
    return found if len(os.fsencode(found)) <= holds.path else end[1:]


def _cut(part: str, holds: Holds) -> str:
    mark = "~" + hashlib.sha256(os.fsencode(part)).hexdigest()[:_DIGEST]
    return _bytes(_safe(part, holds), holds.longest - len(mark)) + mark


def _safe(part: str, holds: Holds) -> str:
    return re.sub(r"[<>:\"|?*\\\x00-\x1f]", "_", part) if holds.reserved else part


def _bytes(text: str, most: int) -> str:
    """The beginning of a text, whole characters of at most this many bytes."""
    while len(os.fsencode(text)) > most:
        text = text[: len(text) - max(1, (len(os.fsencode(text)) - most) // 4)]
    return text


__all__ = ["Holds", "fitted"]

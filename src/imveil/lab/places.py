"""Where recipes and records lie: at the top of a checkout, inside the package when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

from imveil.errors import BadSource

PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """The folder `recipes` or `records`.

    >>> folder("recipes").name
    'recipes'
    """
    for candidate in (PACKAGE / name, PACKAGE.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise BadSource(f"the folder {name} is not there", hint="this installation of imveil is incomplete")

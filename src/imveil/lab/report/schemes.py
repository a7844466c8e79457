"""Schemes on paper: everything that is said about one, read from its docstrings, fields and traits."""

from __future__ import annotations

import inspect
import sys
from dataclasses import asdict
from typing import Any, Literal, get_args, get_origin

import imveil
from imveil.cipher.scheme import Scheme

Table = tuple[list[str], list[list[str]]]


def page_of(id: str) -> dict[str, Any]:
    """One scheme with its usual fields, as JSON can hold it. Raises UnknownName.

    about: the docstring of its file (paper, what it hides and leaks, key space, breaks); use: fields and material.

    >>> page_of("etc/1")["fields"]
    {'block': {'default': 4, 'takes': ['2..64']}}
    """
    scheme = imveil.find(id)
    text = inspect.cleandoc(sys.modules[type(scheme).__module__].__doc__ or "")
    return {
        "id": scheme.id,
        "what": text.split("\n\n")[0].replace("\n", " ").removeprefix(f"{scheme.id}: "),
        "paper": scheme.paper,
        "fields": {name: {"default": v, "takes": _takes(scheme, name)} for name, v in scheme.config().items()},
        "traits": asdict(scheme.traits),
        "about": text,
        "use": inspect.cleandoc(type(scheme).__doc__ or ""),
    }


def _takes(scheme: Scheme, name: str) -> list[Any]:
    kind, ranges = scheme._kinds()[name], scheme._ranges()
    if name in ranges:
        return [f"{ranges[name].low}..{ranges[name].high}"]
    return list(get_args(kind)) if get_origin(kind) is Literal else [getattr(kind, "__name__", str(kind))]


def schemes_table() -> Table:
    """Header and rows: every scheme with its usual fields."""
    header = ["id", "what", "key", "takes", "cipher images", "decrypted", "survives JPEG"]
    return header, [_row(page_of(id)) for id in imveil.schemes()]


def _row(page: dict[str, Any]) -> list[str]:
    traits = page["traits"]
    takes = [f"blocks of {traits['tile']}"] if traits["tile"] > 1 else []
    takes += [f"{' or '.join(map(str, traits['channels']))} channels"] if traits["channels"] else []
    exact = f"to within {traits['error']}" if traits["error"] else "every byte"
    return [
        f"`{page['id']}`",
        page["what"].rstrip("."),
        "an image" if traits["per_image"] else "a data set",
        ", ".join(takes) or "anything",
        traits["dtype"] + ("" if traits["keeps_shape"] else ", another shape"),
        exact if traits["invertible"] else "no",
        "yes" if traits["survives_jpeg"] else "no",
    ]


def chapters() -> str:
    """Every scheme as a chapter of Markdown."""
    parts = []
    for page in map(page_of, imveil.schemes()):
        fields = [f"`{n}` = {v['default']} ({' | '.join(map(str, v['takes']))})" for n, v in page["fields"].items()]
        rest = page["about"].partition("\n\n")[2]
        opening = page["what"][0].upper() + page["what"][1:]
        parts.append(f"## {page['id']}\n\n{opening}\n\n{rest}\n\n{page['use']}\n\nPaper: {page['paper']}.")
        parts[-1] += f" Fields: {', '.join(fields) or 'none'}.\n"
    return "\n".join(parts)

"""Schemes on paper: everything that is said about one, read from its docstrings, fields and traits."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import asdict
from typing import Any, Literal, get_args, get_origin

import imveil
from imveil.schemes.base import Scheme

NAMES = {"hides": "Hides", "leaks": "Leaks", "key_space": "Key space", "breaks": "Breaks"}
PARTS = {"hides": "Hides", "leaks": "Leaks", "key_space": "Key space", "breaks": "Breaks?"}


def page_of(id: str) -> dict[str, Any]:
    """One scheme with its usual fields, as JSON can hold it. Raises UnknownName.

    text: the docstring of its file without its first line and what follows; hides, leaks, key_space, breaks: the
    sentences after these words in it, "" where there are none; use: fields and material.

    >>> page_of("etc/1")["fields"]
    {'block': {'default': 4, 'takes': ['2..64']}}
    >>> page_of("etc/1")["key_space"]
    'N! * 8^N * 2^N * 6^N for N blocks.'
    """
    scheme = imveil.find(id)
    text = inspect.cleandoc(sys.modules[type(scheme).__module__].__doc__ or "")
    what, _, text = text.partition("\n\n")
    text, parts = _parts(text)
    return {
        "id": scheme.id,
        "what": " ".join(what.split()).removeprefix(f"{scheme.id}: "),
        "paper": scheme.paper,
        "fields": {name: {"default": v, "takes": _takes(scheme, name)} for name, v in scheme.config().items()},
        "traits": asdict(scheme.traits),
        "text": text,
        **parts,
        "use": _listed(inspect.cleandoc(type(scheme).__doc__ or "")),
    }


def _listed(text: str) -> str:
    r"""A docstring whose section of attributes has become a list.

    >>> print(_listed("Blocks.\n\nAttributes\n----------\nblock\n    Side of a block."))
    Blocks.
    <BLANKLINE>
    * `block`: Side of a block.
    """
    before, mark, section = text.partition("\nAttributes\n----------\n")
    if not mark:
        return text
    lines: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            names = ", ".join(f"`{name}`" for name in line.split(", "))
            lines.append(f"* {names}:")
        elif line.strip():
            lines[-1] += f" {line.strip()}"
    return before + "\n" + "\n".join(lines)


def _parts(text: str) -> tuple[str, dict[str, str]]:
    """The text before the parts, and the parts, each on one line."""
    marks = [
        (m, name) for name, word in PARTS.items() for m in re.finditer(rf"(?:^|(?<=[.)]\s)){word}:?\s", text, re.M)
    ]
    marks.sort(key=lambda mark: mark[0].start())
    ends = [*(mark.start() for mark, _ in marks), len(text)][1:]
    found = dict.fromkeys(PARTS, "")
    for (mark, name), end in zip(marks, ends, strict=True):
        found[name] = " ".join(text[mark.end() : end].split())
    return text[: marks[0][0].start() if marks else None].strip(), found


def _takes(scheme: Scheme, name: str) -> list[Any]:
    kind, ranges = scheme.fields()[name], scheme._ranges()
    if name in ranges:
        return [f"{ranges[name].low}..{ranges[name].high}"]
    return list(get_args(kind)) if get_origin(kind) is Literal else [getattr(kind, "__name__", str(kind))]

"""Schemes, their sequences, and what JPEG leaves of them."""

from __future__ import annotations

from typing import Any

from scripts.tables._markdown import markdown

import imveil
from imveil import record
from imveil.lab.evidence import status
from imveil.lab.tables.jpeg import jpeg_table
from imveil.lab.tables.schemes import NAMES, page_of
from imveil.lab.tables.sequences import bytes_table, maps_table


def schemes() -> str:
    """Every scheme with its usual fields, one line each."""
    header = ["id", "what", "key", "takes", "cipher images", "decrypted", "survives JPEG", "status"]
    games = record.read("recovery")
    return markdown(header, [[*_row(page_of(id)), status(imveil.find(id), games)] for id in imveil.schemes.names()])


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
    for page in map(page_of, imveil.schemes.names()):
        fields = [f"`{n}` = {v['default']} ({' | '.join(map(str, v['takes']))})" for n, v in page["fields"].items()]
        lines = [f"* **{name}**: {page[part]}" for part, name in NAMES.items() if page[part]]
        lines += [f"* **Fields**: {', '.join(fields) or 'none'}.", f"* **Paper**: {page['paper']}."]
        opening = page["what"][0].upper() + page["what"][1:]
        chapter = [f"## {page['id']}", opening, page["text"], "\n".join(lines), page["use"]]
        parts.append("\n\n".join(part for part in chapter if part) + "\n")
    return "\n".join(parts)


def jpeg() -> str:
    """What JPEG leaves of cipher images, beside what it leaves of the pictures."""
    return markdown(*jpeg_table(record.read("jpeg")))


def sequences() -> str:
    """Every sequence as bytes."""
    return markdown(*bytes_table(record.read("sequence")))


def maps() -> str:
    """Every map's orbits in binary64."""
    return markdown(*maps_table(record.read("sequence")))


TABLES = {"schemes": schemes, "scheme-chapters": chapters, "jpeg": jpeg, "sequences": sequences, "maps": maps}

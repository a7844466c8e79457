"""Schemes, their sequences, and what JPEG leaves of them."""

from __future__ import annotations

from scripts.tables._markdown import markdown

from imveil import record
from imveil.lab.tables.jpeg import jpeg_table
from imveil.lab.tables.schemes import chapters, schemes_table
from imveil.lab.tables.sequences import bytes_table, maps_table


def schemes() -> str:
    """Every scheme, one line each."""
    return markdown(*schemes_table())


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

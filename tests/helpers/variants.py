"""Every scheme with every value of every field, one at a time: what laws, vectors and references run over."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, get_args, get_origin

import numpy as np

import imveil
from imveil.errors import BadField
from imveil.schemes.base import Scheme


def variants() -> list[Scheme]:
    """The default of each scheme; then each boolean turned over, each literal, each integer that its range says to try,
    any other number doubled (an int) or halved (a float), one field at a time."""
    found: dict[Scheme, None] = {}
    for id in imveil.schemes.names():
        base = imveil.find(id)
        found[base] = None
        ranges = base._ranges()
        for name, kind in base.fields().items():
            tried = ranges[name].tried if name in ranges else _others(kind, getattr(base, name))
            for value in tried:
                try:
                    found[imveil.find(id, **{name: value})] = None
                except BadField:  # this value wants another field changed too
                    continue
    return list(found)


def _others(kind: Any, default: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    return {bool: (True, False), int: (2 * default,), float: (default / 2,)}.get(kind, ())


def label(scheme: Scheme) -> str:
    """A short name: the id and the fields that are not at their default."""
    return str(scheme).replace("/", "-").replace(" ", "-")


def shape_for(scheme: Scheme, h: int = 1, w: int = 1, c: int = 3) -> tuple[int, int, int]:
    """A shape that the scheme takes, `h` by `w` of its tiles."""
    traits = scheme.traits
    channels = c if traits.channels is None or c in traits.channels else traits.channels[0]
    return h * traits.tile, w * traits.tile, channels


def pictures(name: str, shape: tuple[int, ...]) -> Any:
    """Pictures that anyone can make again: SHAKE-256 of the name."""
    data = hashlib.shake_256(name.encode()).digest(int(np.prod(shape)))
    return np.frombuffer(data, np.uint8).reshape(shape).copy()

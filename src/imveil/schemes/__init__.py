"""Schemes: pictures into cipher images, one file each, found by being there. May import plans, keys.

>>> from imveil import schemes
>>> schemes.find("logistic-xor/1", index="pixel").index
'pixel'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imveil import registry

if TYPE_CHECKING:
    from imveil.schemes.base import Scheme


def names() -> list[str]:
    """The ids of all schemes, in alphabetical order.

    >>> "plain/1" in names()
    True
    """
    return list(registry.scheme_files())


def find(id: str, **fields: Any) -> Scheme:
    """The scheme called `id` with these fields.

    Raises UnknownName with the nearest names, BadField (a TypeError) for a field or value that it does not have.

    >>> find("negpos/1", per_image=True).traits.per_image
    True
    """
    scheme: Scheme = registry.scheme_class(id).make(**fields)
    return scheme

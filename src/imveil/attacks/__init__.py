"""Attacks: what somebody without the key does with a view. One file each, or near twins; found by being there.

>>> from imveil import attacks
>>> "many-time-pad" in attacks.names()
True

May import plans; never keys, schemes, owner, audit, lab or cli.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imveil import registry
from imveil.errors import BadPart

if TYPE_CHECKING:
    from imveil.attacks.base import Attack as Attack
    from imveil.attacks.base import Guess as Guess
    from imveil.attacks.base import Oracle as Oracle
    from imveil.attacks.base import View as View

_BASE = "imveil.attacks.base"
__getattr__, __dir__ = registry.face(__name__, dict.fromkeys(("Attack", "Guess", "Oracle", "View"), _BASE))


def names() -> list[str]:
    """The names of all attacks, those of installed packages among them, in alphabetical order."""
    return list(registry.parts(registry.ATTACKS))


def find(name: str, /) -> Attack:
    """The attack called `name`, ready to run: an id, or one in a file of your own, "mine.py:Guesser".

    Raises UnknownName with the nearest names, BadPart for a file or package that fails.

    >>> import numpy as np
    >>> from imveil.attacks import View
    >>> view = View(targets=np.full((1, 4, 4, 3), 200, np.uint8), shape=(4, 4, 3))
    >>> find("fold").run(view).images.max()
    np.uint8(55)
    """
    from imveil.attacks.base import Attack

    found = registry.find(registry.ATTACKS, name)
    if not (isinstance(found, type) and issubclass(found, Attack)):
        raise BadPart(f"{name!r} is no attack", hint="an attack is a class that inherits from imveil.attacks.Attack")
    return found()

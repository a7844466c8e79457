"""Schemes: pictures into cipher images, one file each, found by being there. May import plans, keys.

>>> from imveil import schemes
>>> scheme = schemes.find("logistic-xor/1", index="pixel")
>>> scheme.index, str(scheme)
('pixel', 'logistic-xor/1 index=pixel')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imveil import registry
from imveil.errors import BadPart

if TYPE_CHECKING:
    from imveil.schemes.base import Cipher as Cipher
    from imveil.schemes.base import Scheme as Scheme
    from imveil.schemes.base import Traits as Traits
    from imveil.schemes.base import Within as Within

_BASE = "imveil.schemes.base"
__getattr__, __dir__ = registry.face(__name__, dict.fromkeys(("Cipher", "Scheme", "Traits", "Within"), _BASE))


def names() -> list[str]:
    """The ids of all schemes, those of installed packages among them, in alphabetical order.

    >>> "plain/1" in names()
    True
    """
    return list(registry.parts(registry.SCHEMES))


def find(name: str, /, **fields: Any) -> Scheme:
    """The scheme called `name` with these fields.

    Parameters
    ----------
    name
        An id, such as "negpos/1"; or a scheme in a file of your own, "mine.py:Stripes" ("mine.py" where the file holds
        one scheme). That file is run. For a name that came from outside use `known`, which opens no file.
    fields
        The scheme's public parameters; its defaults for the rest.

    Raises
    ------
    UnknownName, with the nearest names; BadField (a TypeError), for a field or value that it does not have; BadPart,
    for a file or package that fails.

    >>> find("negpos/1", per_image=True).traits.per_image
    True
    """
    return kind(name).make(**fields)


def known(id: str, /, **fields: Any) -> Scheme:
    """The scheme of that id, as a manifest, a tag, a model or a record names it: `find` for text from outside.

    It opens no file, whatever the id says. Raises UnknownName, BadField.

    >>> known("mine.py:Stripes")
    Traceback (most recent call last):
    imveil.errors.UnknownName: no scheme is called 'mine.py:Stripes'; there are aes-ctr-control/1, aes-xor/1, ...
    """
    return _scheme(registry.known(registry.SCHEMES, id), id).make(**fields)


def kind(name: str, /) -> type[Scheme]:
    """The class of the scheme called `name`, as `find` takes it: for its fields and their kinds.

    >>> kind("negpos/1").fields()["per_image"]
    <class 'bool'>
    """
    return _scheme(registry.find(registry.SCHEMES, name), name)


def _scheme(found: Any, name: str) -> type[Scheme]:
    from imveil.schemes.base import Scheme

    if not (isinstance(found, type) and issubclass(found, Scheme)):
        raise BadPart(f"{name!r} is no scheme", hint="a scheme is a class that inherits from imveil.Scheme")
    return found

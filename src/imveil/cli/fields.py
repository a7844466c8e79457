"""`--set field=value`: texts into the fields of a scheme, of the kinds that its dataclass declares."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from imveil.errors import BadField

if TYPE_CHECKING:
    from imveil.schemes.base import Scheme

_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def find_scheme(id: str, settings: list[str] | None = None) -> Scheme:
    """The scheme `id` with its fields as given on the command line.

    Parameters
    ----------
    settings
        Texts "field=value".

    Raises
    ------
    UnknownName
    BadField

    >>> find_scheme("negpos/1", ["per_image=true"]).traits.per_image
    True
    """
    from imveil import schemes

    kind = schemes.kind(id)
    return kind.make(**parse_fields(kind.id, kind.fields(), settings or []))


def parse_fields(id: str, kinds: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """Each "field=value" as a value of the field's kind; a field that comes twice is refused.

    Parameters
    ----------
    kinds
        Name -> bool, int, float, str, a Literal or a union of these.

    >>> parse_fields("x/1", {"block": Literal[4, 8], "per_image": bool}, ["block=8", "per_image=yes"])
    {'block': 8, 'per_image': True}
    """
    found: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise BadField(f"--set needs field=value, got {setting!r}")
        if name not in kinds:
            raise BadField(f"{id} has no field {name!r}", hint=f"its fields are: {', '.join(kinds) or 'none'}")
        if name in found:
            raise BadField(f"field {name!r} is set twice")
        found[name] = _value(id, name, text.strip(), kinds[name])
    return found


def _value(id: str, name: str, text: str, kind: Any) -> Any:
    options = get_args(kind) if get_origin(kind) in (Literal, Union, UnionType) else (kind,)
    if get_origin(kind) is Literal:
        for option in options:
            if _read(text, type(option)) == option:
                return option
        raise BadField(f"{name} of {id} is one of {', '.join(map(str, options))}, not {text!r}")
    for option in (bool, int, float, type(None), str):
        if option in options and (value := _read(text, option)) is not _NOTHING:
            return value
    wanted = " or ".join("none" if option is type(None) else option.__name__ for option in options)
    raise BadField(f"{name} of {id} is {wanted}, not {text!r}")


_NOTHING = object()


def _read(text: str, kind: type) -> Any:
    """The text as a value of one plain kind, `_NOTHING` where it is none."""
    if kind is bool:
        return _BOOLS.get(text.lower(), _NOTHING)
    if kind is type(None):
        return None if text.lower() == "none" else _NOTHING
    try:
        return kind(text)
    except ValueError:
        return _NOTHING

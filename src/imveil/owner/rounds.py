"""Making a round: what owners agree on, from a few words; and its next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from imveil.errors import BadInput
from imveil.keys.key import Key
from imveil.keys.sharing import check_recipient, share
from imveil.owner.encoders.base import Facts
from imveil.owner.features import SHIPPED, projection, ships
from imveil.store.messages.round import Encoder, Privacy, Round, new_id

M = TypeVar("M", bound=BaseModel)


def privacy_of(
    epsilon: float | None, delta: float, owners: int, *, unit: str = "picture", most: int = 1, trust: str = "masks",
    colluding: int | None = None, weight: float = 0.8,
) -> Privacy | None:  # fmt: skip
    """The privacy of a round of this many owners; None without epsilon.

    Parameters
    ----------
    colluding
        1 unless given, where noise is shared: every owner knows his own share of it.

    Raises
    ------
    BadInput
    """
    if epsilon is None:
        return None
    if unit not in ("picture", "person") or trust not in ("masks", "nobody"):
        raise BadInput(f"the unit is picture or person, trust is masks or nobody; not {unit!r} and {trust!r}")
    shared = trust == "masks" and owners > 1
    pooled = colluding if colluding is not None else 1 if shared else 0
    return _checked(Privacy, {"epsilon": epsilon, "delta": delta, "unit": unit, "most": most, "trust": trust,
                              "colluding": pooled, "weight": weight})  # fmt: skip


def new_round(
    classes: Sequence[str], encoder: Facts, owners: Sequence[str], *, dim: int | None = None, kind: str = "",
    privacy: Privacy | None = None, told: bool = False, least: int | None = None, least_class: int = 20,
    small: bool = False, steps: int = 1, method: str = "sums", about: int | None = None, blind: bool = False,
) -> Round:  # fmt: skip
    """A round with a new id.

    Parameters
    ----------
    owners
        Their recipients, in any order.
    dim
        512, or the encoder's width where that is less.
    kind
        Of projection, see `Projection`; the public one where imveil ships it and it is wide enough.
    least
        Pictures of an owner; 100, or what gives five pictures a number.
    about
        Pictures of all together; owners x least unless given.

    Raises
    ------
    BadInput
    Refused
    """
    if len(set(owners)) != len(owners):
        raise BadInput("an owner was named twice")
    if not owners:
        raise BadInput("a round needs at least one owner", hint="name each with --owner")
    for owner in owners:
        check_recipient(owner)
    dim = min(512, encoder.width) if dim is None else dim
    if not kind:
        kind = "none" if dim == encoder.width else "pca" if ships(encoder.name) and dim <= SHIPPED else "orthogonal"
    if kind == "pca" and ships(encoder.name) and dim > SHIPPED:
        raise BadInput(f"the public projection has {SHIPPED} axes, dim {dim} is more", hint="--projection orthogonal")
    seed = Key.generate().derive("imveil", "public seed").reveal().hex() if kind == "orthogonal" else ""
    least = max(100, -(-5 * dim // len(owners))) if least is None else least
    members: dict[str, Any] = {
        "id": new_id(), "classes": list(classes), "encoder": Encoder(**encoder._asdict()),
        "projection": projection(kind, encoder.name, seed), "dim": dim, "owners": sorted(owners), "privacy": privacy,
        "told": told, "least": least, "least_class": least_class, "small": small, "steps": steps, "method": method,
        "about": about or len(owners) * least,
        "group": share(Key.generate(), sorted(owners)) if blind else "",
    }  # fmt: skip
    found = _checked(Round, members)
    found.check()
    return found


def _checked(kind: type[M], members: dict[str, Any]) -> M:
    try:
        return kind.model_validate(members)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error

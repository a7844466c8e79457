"""Models changed for a key: one trained on plain pictures, or on cipher pictures of another key. No training.

    plain = imveil.cloud.load("plain.safetensors")
    owner.adapt(plain, "patch/1", key).model.save("cloud.safetensors")

A model is taken as the cloud's `load` gives it, and given back as another of its kind; nothing of the cloud is needed
here. Whoever has the plain model and the changed one can read the key off them, and whoever has those of two keys sees
how the keys differ.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, NamedTuple

from imveil.errors import BadField, Mismatch
from imveil.keys.key import Key
from imveil.owner.shards.contents import named
from imveil.owner.shards.proof import check_key
from imveil.schemes._adapt import AdaptsModel, readapted
from imveil.schemes.base import Scheme

MIRROR = (
    "answers were the mean over a picture and its mirror image; a mirrored cipher picture is not the cipher of a "
    "mirrored picture, so that is switched off: answers are those of the model trained with --set mirror=false"
)


class Adapted(NamedTuple):
    """The changed model, and what its owner should know."""

    model: Any
    notes: list[str]


def adapt(model: Any, scheme: Scheme, key: Key, *, name: str = "the model") -> Adapted:
    """A model that was trained on plain pictures, for cipher pictures of a key; the same answers.

    Parameters
    ----------
    model
        As `imveil.cloud.load` gives it; its net reads pictures patch by patch, see `schemes._adapt.adapted`.
    scheme
        Of the cipher pictures; its patches are as large as the net's.
    name
        Names the model in errors.

    Raises
    ------
    BadField
        For a scheme that cannot change a model, or a net that cannot be changed.
    BadShape
        Where patches do not tile the pictures.
    Mismatch
        For a model that was not trained on plain pictures.
    """
    if not isinstance(scheme, AdaptsModel):
        raise BadField(f"{scheme.id} cannot change a model", hint="patch/1 and orthogonal/1 can")
    if model.info.scheme != "plain/1":
        raise Mismatch(
            f"{name} was trained on {model.info.scheme}, a model trained on plain pictures is needed",
            hint="encrypt pictures with plain/1 and train on them where they may be seen",
        )
    info = model.info.reading(
        scheme=scheme.id, fields=scheme.config(), traits=asdict(scheme.traits), fingerprint=key.fingerprint
    )
    return Adapted(replace(model, net=scheme.adapt(model.net, key), info=info), _told(model))


def rekey_model(model: Any, old: Key, new: Key, *, name: str = "the model") -> Adapted:
    """A model that reads cipher pictures of one key, for those of another; the same answers.

    Parameters
    ----------
    model
        As for `adapt`, of a scheme that can change models.
    name
        Names the model in errors.

    Raises
    ------
    BadField
        For a model of a scheme that cannot change it.
    WrongKey
        Where it does not read pictures of `old`.
    """
    scheme = named(model.info.scheme, model.info.fields)
    if not isinstance(scheme, AdaptsModel):
        raise BadField(
            f"a model of {scheme.id} cannot be changed to another key",
            hint="re-key the data set and train on it again; patch/1 and orthogonal/1 need no training",
        )
    check_key(old, model.info.fingerprint, name)
    info = model.info.reading(
        scheme=scheme.id, fields=model.info.fields, traits=model.info.traits, fingerprint=new.fingerprint
    )
    return Adapted(replace(model, net=readapted(model.net, scheme, old, new), info=info), _told(model))


def _told(model: Any) -> list[str]:
    return [MIRROR] if model.info.settings.mirror else []

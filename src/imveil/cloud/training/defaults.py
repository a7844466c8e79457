"""What to train with when nobody says: model, adapter and moves for a scheme, from its id, fields and traits, and why.

Where records compare adapters, the one that won on held-out pictures is the default, and a test holds this to them; a
scheme without such records has the default of its nearest kin. Some of it is an attack, and is called one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imveil.cloud.training.augment import suits
from imveil.cloud.training.settings import Moved, Optimiser

SEQUENCES = ("logistic-xor", "skew-tent-xor", "henon-xor", "lattice-xor", "aes-xor")
NOISE = ("aes-ctr-control", "diffuse")


@dataclass(frozen=True)
class Choice:
    """What to train with, and why, in a sentence for the user. moved: None where nothing may be flipped or shifted."""

    model: str = "cnn"
    model_options: Mapping[str, Any] = field(default_factory=dict)
    adapter: str = "none"
    adapter_options: Mapping[str, Any] = field(default_factory=dict)
    moved: Moved | None = None
    optimiser: Optimiser = "sgd"
    lr: float = 0.3
    why: str = ""


def suggest(scheme: str, fields: Mapping[str, Any], traits: Mapping[str, Any]) -> Choice:
    """The choice for cipher pictures of a scheme.

    Parameters
    ----------
    scheme, fields, traits
        As the manifest has them.

    >>> suggest("negpos/1", {"per_image": True, "colors": True}, {}).adapter
    'fold_sort'
    """
    name = scheme.rpartition("/")[0] or scheme
    block = int(fields.get("block") or traits.get("tile") or 1)
    if name in NOISE:
        return Choice(why=f"nothing can be learned from {scheme}: it is there to show that")
    if name in SEQUENCES or name == "np-block" or (name == "negpos" and _fixed_inversions(fields)):
        return Choice(adapter="bits_start", moved="adapted", why=(
            "one mask hides all pictures, and the statistics of the cipher pictures give it away: the net sees the "
            "pictures, and so can whoever trains it"
        ))  # fmt: skip
    if name in ("negpos", "negpos-inplace"):
        kind = "fold_sort" if fields.get("colors", True) else "fold"
        what = "inversions and the order of colours leave" if kind == "fold_sort" else "inversions leave"
        same = "sorted |v - 127.5|" if kind == "fold_sort" else "|v - 127.5|"
        return Choice(adapter=kind, moved="input", why=f"{what} {same} as it is, which is all that the net sees")
    if name in ("le", "shf"):
        options = {"block": block, "nibbles": name == "le"}
        return Choice(adapter="blocks", adapter_options=options, why=(
            "all blocks are treated alike, so one linear map of a block can learn to undo it"
        ))  # fmt: skip
    if name == "ffx":
        return Choice(why=(
            "values went through a secret table; a table for each place of a block was learnt no better than nothing"
        ))  # fmt: skip
    if name in ("etc", "etc-inplace", "etc-grey", "cpe-iib"):
        return Choice(why=(
            "blocks change places and each is treated in its own way; a map for each block, and an order, were learnt "
            "less well than nothing at all"
        ))  # fmt: skip
    if name == "ele":
        options = {"block": block, "nibbles": True}
        return Choice(adapter="blocks_own", adapter_options=options, why=(
            "every block is treated in its own way and blocks change places: each learns a map, and they an order"
        ))  # fmt: skip
    if name == "patch" or name == "orthogonal":
        return Choice(model="vit_tiny", model_options={"patch": block}, optimiser="adamw", lr=0.001, why=(
            "a transformer reads whole patches, and does not mind what is done inside them or to their order"
        ))  # fmt: skip
    if name == "pevit-rs":
        return Choice(
            model="vit_tiny", model_options={"patch": block, "positions": False}, optimiser="adamw", lr=0.001,
            why="a transformer without positions does not see in which order patches come",
        )  # fmt: skip
    return _by_traits(scheme, block, traits)


def _fixed_inversions(fields: Mapping[str, Any]) -> bool:
    """One key for all pictures and no order of colours: then negative-positive is a mask of 0 and 255."""
    return not fields.get("per_image", False) and not fields.get("colors", True)


def _by_traits(scheme: str, block: int, traits: Mapping[str, Any]) -> Choice:
    fits, why = suits(scheme, traits)
    if fits:
        return Choice(moved="input", why=why)
    if block > 1 and traits.get("dtype", "uint8") == "uint8" and traits.get("keeps_shape", True):
        return Choice(adapter="blocks", adapter_options={"block": block}, why=(
            f"{scheme} works on blocks of {block}x{block}, so one linear map of a block may learn to undo it"
        ))  # fmt: skip
    return Choice(why=why)

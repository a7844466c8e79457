"""Attacked: what to train with where cipher pictures give their plan away. It is the attack, and called so.

For schemes with one key for the data set. Where the solver finds nothing that it believes, the default stays, and why
is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.families import FAMILIES, SCHEMES
from imveil.cloud.adapters.plan_start import ENOUGH, undoing
from imveil.cloud.training.defaults import Choice
from imveil.errors import MissingExtra
from imveil.store.manifest import Manifest

WHY = (
    "this is the attack: the statistics of the cipher pictures give their plan away, so the net sees the pictures, and "
    "so can whoever trains it (--no-attack leaves it out)"
)


def attacked(manifest: Manifest, traits: Mapping[str, Any], images: Any, best: Choice) -> tuple[Choice, str]:
    """The choice for cipher pictures (n, h, w, c), and a sentence for the user; `best` where nothing is found.

    Parameters
    ----------
    images
        An array or anything that gives one for an array of indices.
    """
    name = manifest.scheme.rpartition("/")[0]
    if best.adapter == "bits_start" or name not in SCHEMES or traits.get("per_image"):
        return best, ""
    family, field = SCHEMES[name]
    block = 1 if field is None else manifest.fields.get(field)
    if type(block) is not int or FAMILIES[family].dtype != traits.get("dtype", "uint8"):
        return best, ""
    chosen = np.linspace(0, len(images) - 1, min(ENOUGH, len(images))).astype(np.int64)
    try:
        found = undoing(np.asarray(images[chosen]), manifest.scheme, block)
    except MissingExtra as error:
        return best, f"not tried: {error}"
    if found is None:
        return best, f"{len(chosen):,} cipher pictures did not give their plan away; trained without it"
    options = {"scheme": manifest.scheme, "block": block}
    return Choice(adapter="plan_start", adapter_options=options, moved="adapted", why=WHY), (
        f"{len(chosen):,} cipher pictures gave their plan away"
    )


def harmless(best: Choice) -> Choice:
    """The choice without an attack: where it begins with one, the same adapter begins with nothing known."""
    if best.adapter not in ("bits_start", "plan_start"):
        return best
    return replace(best, adapter="bits", moved=None, why="the attack was left out")

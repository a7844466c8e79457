"""Choice: the recipe of a training run, from what was asked for and what suits the scheme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from imveil.cloud.classifier import made
from imveil.cloud.training.augment import suits
from imveil.cloud.training.defaults import Choice, suggest
from imveil.cloud.training.settings import Settings
from imveil.errors import BadField
from imveil.registry import ADAPTERS
from imveil.store.manifest import Manifest

Tell = Callable[[str, str], object]  # a name and a text, for whoever watches


def chosen(
    manifest: Manifest, traits: dict[str, Any], *, net: str, adapter: str, augment: bool | None, lr: float | None,
    model_options: dict[str, Any], adapter_options: dict[str, Any], more: dict[str, Any], best: Choice | None = None,
    **given: Any,
) -> tuple[Settings, list[tuple[str, str]]]:  # fmt: skip
    """The recipe for a data set: what was asked for, and the defaults of its scheme for the rest; and the reasons.

    Parameters
    ----------
    best
        What takes the place of the scheme's defaults.
    """
    said = {"model", "adapter", "epochs", "batch", "lr", "seed", "width", "weights"}
    known = {field.name for field in fields(Settings)} - said
    listed = ", ".join(sorted(name for name in known if not name.endswith("_options")))
    for name in more:
        if name not in known or name.endswith("_options"):
            raise BadField(f"a recipe has no {name!r}", hint=f"it has {listed}")
    best = suggest(manifest.scheme, manifest.fields, traits) if best is None else best
    reasons = []
    model = best.model if net == "auto" else net
    front = best.adapter if adapter == "auto" else adapter
    if net == "auto" or adapter == "auto":
        reasons.append(("choice", f"model {model}, adapter {front}: {best.why}"))
    same = front == best.adapter
    fits, why = suits(manifest.scheme, traits)
    where = best.moved if same else "input" if fits else None
    if same and where is not None and not fits:
        why = "what the adapter gives has no special places"
    if more.get("mirror") and not fits and where is None and not _movable(front):
        raise BadField(f"mirror=true would spoil answers: {why}", hint="leave it out")
    moved = where is not None if augment is None else augment
    told = why if augment is None else "as asked" + ("" if augment == (where is not None) else f", although {why}")
    reasons.append(("augment", ("flips and shifts: " if moved else "none: ") + told))
    mine = model == best.model
    recipe: dict[str, Any] = {
        "model": model,
        "model_options": {**(best.model_options if mine else {}), **model_options},
        "adapter": front,
        "adapter_options": {**(best.adapter_options if same else {}), **adapter_options},
        "optimiser": best.optimiser if mine else "sgd",
        "lr": lr if lr is not None else best.lr if mine else 0.3,
        "moved": where or "input",
        "flip": moved,
        "shift": 2 if moved else 0,
        "mirror": moved and where is not None,
        **given,
    }
    if {**recipe, **more}["mirror"]:
        reasons.append(("answers", "the mean over a picture and its mirror image"))
    try:
        return Settings(**{**recipe, **more}), reasons
    except TypeError as error:
        raise BadField(f"the recipe cannot be read: {error}") from error


def _movable(adapter: str) -> bool:
    """Whether what an adapter gives may be flipped, which it says whatever its pictures and options are."""
    return adapter != "none" and bool(made(ADAPTERS, adapter, ((8, 8, 3),), {}).movable)

"""Outputs: what adapters that learn nothing show of pictures; no net has to be trained to know it.

What other adapters show is measured with the training of each recipe, and stands in its record.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import imveil
from imveil.audit.game.challenger import key_of
from imveil.lab.measurement import Measurement
from imveil.lab.recipes import RECIPES
from imveil.record import Record


@dataclass(frozen=True)
class Shown(Measurement):
    """The recovery of what stands before the net of a recipe, on unseen pictures."""

    recipe: str
    kind: ClassVar[str] = "adapter-output"

    def facts(self) -> dict[str, Any]:
        """What the adapter does not learn from: pictures, scheme, adapter."""
        recipe = RECIPES[self.recipe]
        fields = imveil.find(recipe.scheme, **recipe.fields).config()
        return {"data": recipe.data, "scheme": recipe.scheme, "fields": fields, "adapter": recipe.adapter}

    def measure(self, seed: int) -> Record:
        """As after a training with this seed."""
        from imveil.cloud.classifier import Classifier
        from imveil.lab.experiment import plain_sets
        from imveil.lab.output.shown import adapted

        recipe = RECIPES[self.recipe]
        sets, scheme = plain_sets(recipe, seed), imveil.find(recipe.scheme, **recipe.fields)
        shape = sets.test[0].shape[1:]
        net = Classifier.build("cnn", sets.classes, shape, adapter=recipe.adapter, width=4).eval()
        begin = time.monotonic()
        found = adapted(net, scheme, key_of(seed, "data set"), sets.test[0], sets.valid[0], seed)
        assert found is not None
        numbers = {name: found.pop(name) for name in ("low", "high", "n")}
        value, seconds = found.pop("recovery"), round(time.monotonic() - begin, 1)
        return self.measured(
            str(self), seed, {"found": found}, value=value, unit="recovery", seconds=seconds, **numbers
        )

    def __str__(self) -> str:
        return f"what {RECIPES[self.recipe].adapter} shows in {self.recipe}"


def outputs() -> list[Shown]:
    """One of each kind of pictures, scheme and adapter."""
    found = {one.digest(): one for name in sorted(RECIPES) if _learns_nothing(name) for one in [Shown(name)]}
    return list(found.values())


def _learns_nothing(name: str) -> bool:
    return RECIPES[name].adapter in ("fold", "fold_sort")

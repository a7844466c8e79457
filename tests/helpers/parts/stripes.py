"""stripes/1, by-eye and brightness: a scheme, an attack and a metric of somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from imveil import Key, Plan
from imveil.attacks import Attack, Guess, View
from imveil.metrics import Metric
from imveil.schemes import Scheme


@dataclass(frozen=True)
class Stripes(Scheme):
    """Rows inverted by a key bit each. material: `rows` (h,), 1 = invert."""

    id: ClassVar[str] = "stripes/1"
    paper: ClassVar[str] = "none: an example"

    def material(self, key: Key, shape: tuple[int, int, int]) -> dict[str, Any]:
        """A fair bit for each row."""
        return {"rows": key.derive(self.id, "rows").stream().below(2, shape[0])}

    def plan_from_material(self, shape: tuple[int, int, int], rows: Any) -> Plan:
        """One XOR."""
        _, w, c = shape
        return Plan(mask=np.repeat(np.asarray(rows) * 255, w * c).astype(np.uint8))


class ByEye(Attack):
    """by-eye: rows that are darker than the row above are turned over."""

    id: ClassVar[str] = "by-eye"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "none: an example"

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Row by row: of a row and its negative, the one nearer to the row above."""
        del rng, steps
        images = view.targets.copy()
        for row in range(1, view.shape[0]):
            above, here = images[:, row - 1].astype(int), images[:, row].astype(int)
            near, far = (np.abs(above - one).sum((1, 2)) for one in (here, 255 - here))
            images[:, row] = np.where((near <= far)[:, None, None], here, 255 - here)
        return Guess(images)


def brightness(images: Any) -> Any:
    """The mean of each image, (n, h, w, c) -> (n,)."""
    from imveil.metrics.base import checked

    return checked(images).mean(axis=(1, 2, 3))


METRICS = [
    Metric(
        name="brightness",
        takes="images",
        measure=brightness,
        tells="How bright an image is.",
        not_shown="Anything else.",
        source="none: an example",
    )
]

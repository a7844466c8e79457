"""negpos/1: negative-positive per sample and colour order per pixel (Sirichotedumrong, Kinoshita, Kiya: "PE").

Each sample is kept or inverted (v -> 255 - v) by its own key bit; then each pixel's three colours take one of six
orders. The single-value XOR that the seed's paper replaces by a sequence. With one key for the data set, or a key
per image ("without key management"); the second stays learnable, because inverting keeps |v - 127.5|.

Hides: the look of a picture from a casual viewer. Leaks: position of every pixel, |v - 127.5| of every sample up to
colour order, sizes, equality. Key space 2^(h w c) * 6^(h w). Breaks: one key for the data set falls to one image of
constant (1, 2, 3) (Chang & Li 2020), to one known picture, and to cipher images alone; with a key per image, folding
v > 127 to 255 - v gives back the outlines, a greedy search the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod
from typing import Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.arrays import compiling_pays
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits, small_integers

ORDERS = np.array(list(permutations(range(3))), np.int32)  # out[c] = in[ORDERS[code][c]]: 012 021 102 120 201 210


@dataclass(frozen=True)
class NegPos(Scheme):
    """Pixel-based encryption by inversion and colour order.

    Attributes
    ----------
    negpos
        Invert samples.
    colors
        Reorder the first three channels of each pixel; a picture with fewer than three has nothing to reorder (our
        choice: the papers have colour pictures only), a fourth stays in place.
    per_image
        A key per image.
    material
        `inv` (h * w * c), 0 = invert; `colors` (h * w), codes 0..5 into `ORDERS`; all ones and zeros where a step is
        off.
    """

    id: ClassVar[str] = "negpos/1"
    paper: ClassVar[str] = "Sirichotedumrong, Kinoshita, Kiya, ICIP 2019 and IEEE Access 7:177844 (2019)"

    negpos: bool = True
    colors: bool = True
    per_image: bool = False

    @property
    def traits(self) -> Traits:
        """Invertible on any image; a key per image if asked for; with both steps off nothing happens."""
        return Traits(per_image=self.per_image, survives_jpeg=not (self.negpos or self.colors))

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Independent fair bits, and uniform codes."""
        pixels = shape[0] * shape[1]
        inv, colors = key.derive(self.id, "inv").stream(), key.derive(self.id, "colors").stream()
        moved = self.colors and shape[2] >= 3
        return {
            "inv": inv.small(2, prod(shape)) if self.negpos else np.ones(prod(shape), np.uint8),
            "colors": colors.small(6, pixels) if moved else np.zeros(pixels, np.uint8),
        }

    def _under_own_keys(self, images: Any, key: Key, nonces: Sequence[bytes], shape: Shape) -> list[Any]:
        """Sample by sample from the material: a plan that is used once costs more than what it does."""
        if not isinstance(images, np.ndarray) or not compiling_pays(images.nbytes):
            return super()._under_own_keys(images, key, nonces, shape)
        from imveil.plans.compiled import kernels

        made = []
        for image, drawn in zip(images, self._image_materials(key, nonces, shape), strict=True):
            out = np.empty((1, *shape), np.uint8)
            kernels.inverted_and_recoloured(
                np.ascontiguousarray(image).reshape(-1), drawn["inv"], drawn["colors"], ORDERS, out.reshape(-1)
            )
            made.append(out)
        return made

    def plan_from_material(self, shape: Shape, inv: Any, colors: Any) -> Plan:
        """Inversion first, then the order of colours."""
        inv = small_integers("inv", inv, prod(shape), 2)
        colors = small_integers("colors", colors, shape[0] * shape[1], 6)
        if not compiling_pays(prod(shape)):
            samples = np.arange(prod(shape), dtype=np.int32).reshape(-1, shape[2])
            if shape[2] >= 3:
                samples[:, :3] = np.take_along_axis(samples[:, :3], ORDERS[colors], 1)
            order = samples.reshape(-1)
            return Plan(order, (inv[order] != 0) - np.uint8(1))
        from imveil.plans.compiled import kernels  # loads numba, which importing a scheme must not

        order, mask = np.empty(prod(shape), np.int32), np.empty(prod(shape), np.uint8)
        kernels.invert_and_recolour(inv, colors, ORDERS, order, mask)
        return Plan(order, mask)

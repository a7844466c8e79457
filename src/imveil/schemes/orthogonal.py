"""orthogonal/1: every patch multiplied by one secret orthogonal matrix, for vision transformers and ConvMixer.

A patch of block x block pixels, flattened channel, row, column, becomes y = M x, the same M for all patches. The first
layer of a patch model absorbs it: with W' = W M^T the model gives the answers of plain pictures, exactly (ConvMixer:
arXiv 2301.03843). The cipher is float32, for y is not whole.

Ours: how M is drawn from the key (`schemes/_haar.py`; the field orthonormalises random numbers by a library), and its
entries rounded to multiples of 2^-30. All products and sums are then whole multiples of 2^-30 below 2^53 of them, exact
in binary64 in any order, and the one rounding to float32 is fixed by IEEE 754: the same bytes from every library of
linear algebra. Before the rounding to whole numbers a decrypted sample is off by less than 0.07 in the worst case
(patches of 4096 samples), and by less than 0.001 as a rule: decrypt gives back every byte.

Hides: edges and texture inside patches, the histogram. Leaks: the length of every patch's vector and all angles and
distances between patches, hence flat regions, outlines at the resolution of patches, equality of patches and
pictures; sizes. Key space: a point of the orthogonal group of d = c block^2 dimensions, d (d - 1) / 2 real numbers.
Break: linear algebra. d known patches that span the space give M: at 4x4 one known picture of 32x32, at 16x16 four of
224x224.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.errors import BadMaterial, BadShape
from imveil.keys.key import Key
from imveil.plans.transforms.rotation import Rotation
from imveil.schemes._adapt import adapted, shape_of
from imveil.schemes._haar import BITS, orthogonal
from imveil.schemes.base import Scheme, Shape, Traits, Within


@dataclass(frozen=True)
class Orthogonal(Scheme):
    """A random orthogonal matrix over patches, one for the data set.

    Attributes
    ----------
    block
        Side of a patch; drawing the matrix costs d^3, a blink at 16, some ten seconds at 32.
    material
        `matrix` (d, d) with d = c * block * block, y = matrix @ x; a matrix of other code is rounded to multiples of
        2^-30 and must be orthogonal to 1e-6.
    """

    id: ClassVar[str] = "orthogonal/1"
    paper: ClassVar[str] = "R. Aso, T. Chuman, H. Kiya, arXiv 2301.03843 (2023)"

    block: Annotated[int, Within(1, 32, tried=(8,))] = 4

    @property
    def traits(self) -> Traits:
        """Whole patches only; the cipher is float32."""
        return Traits(tile=self.block, dtype="float32")

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """The matrix."""
        return {"matrix": orthogonal(key.derive(self.id, "matrix").stream(), self._size(shape))}

    def plan_from_material(self, shape: Shape, matrix: Any) -> Rotation:
        """One product for each patch. Raises BadMaterial for a matrix that is not orthogonal."""
        d = self._size(shape)
        matrix = np.asarray(matrix)
        if matrix.dtype.kind != "f" or matrix.shape != (d, d):
            raise BadMaterial(f"matrix holds real numbers ({d}, {d}), got {matrix.dtype} {matrix.shape}")
        matrix = np.rint(matrix.astype(np.float64) * 2.0**BITS) * 2.0**-BITS
        if not (np.abs(matrix.T @ matrix - np.eye(d)) < 1e-6).all():
            raise BadMaterial("matrix must be orthogonal, to 1e-6")
        return Rotation(shape, self.block, matrix)

    def adapt(self, model: Any, key: Key) -> Any:
        """A copy of a ViT or a ConvMixer that reads cipher pictures of `key`."""
        return adapted(model, self.id, self.block, *self.inside(key, shape_of(model)))

    def inside(self, key: Key, shape: Shape) -> tuple[Any, None]:
        """The matrix; patches stay where they are."""
        return self.material(key, shape)["matrix"], None

    def _size(self, shape: Shape) -> int:
        d = shape[2] * self.block**2
        if d > 4096:
            raise BadShape(f"patches of {self.block}x{self.block}x{shape[2]} are {d} samples, at most 4096 are mixed")
        return d

"""patch/1: pixels shuffled inside patches, and patches shuffled, as a vision transformer cuts them (Kiya's group).

Every patch of block x block pixels is flattened channel, row, column and reordered by one permutation that all patches
share; then the patches change places. A vision transformer with patches of that size does not mind: reordering the
columns of its patch embedding by `pixel`, and its positional embeddings by `block`, gives the accuracy of the plain
pictures, exactly (arXiv 2207.05366, 2308.07612).

Restricted random permutations (arXiv 2408.08529) move only a share of the positions; the paper shows that accuracy
after fine-tuning rises when fewer move. Ours, because the paper's text was not available: how many positions `share`
moves (share * n, rounded half up), which ones (drawn from the key), and that one share serves both steps.

Hides: shapes and faces from a casual viewer, more so with small patches. Leaks: the exact histogram of the whole
picture, and of each patch without its place; colour and texture of patches; equality of patches, within a picture and
between pictures; sizes. Key space: (c block^2)! for the pixels times (number of patches)! for the patches.
Break: a permutation of n positions over L levels falls to ceil(log_L n) chosen pictures, two for CIFAR; known pairs do
nearly as well; from cipher images alone the patches are a jigsaw puzzle, and their shared inner order an easy one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.errors import BadField
from imveil.keys.key import Key
from imveil.keys.stream import Keystream
from imveil.plans.blocks import from_blocks, grid, positions, to_blocks
from imveil.plans.plan import Plan
from imveil.schemes._adapt import adapted, shape_of
from imveil.schemes.base import Scheme, Shape, Traits, Within, permutation


@dataclass(frozen=True)
class Patch(Scheme):
    """Patch-wise pixel shuffling and patch shuffling, one key for the data set.

    Attributes
    ----------
    block
        Side of a patch.
    pixels
        Shuffle inside patches.
    blocks
        Shuffle patches.
    share
        Of the positions that either step moves at all, 0 to 1.
    material
        `pixel` (c * block * block), output position i of a flattened patch is its position pixel[i]; `block` (number of
        patches, row by row), output patch i is patch block[i]. The identity where a step is off.
    """

    id: ClassVar[str] = "patch/1"
    paper: ClassVar[str] = "Kiya et al., arXiv 2207.05366 (2022), arXiv 2308.07612 (2023), arXiv 2408.08529 (2024)"

    block: Annotated[int, Within(1, 256, tried=(8,))] = 4
    pixels: bool = True
    blocks: bool = True
    share: float = 1.0

    def check(self) -> None:
        """share in 0..1."""
        if not 0 <= self.share <= 1:
            raise BadField(f"share of {self.id} lies in 0..1, not {self.share}")

    @property
    def traits(self) -> Traits:
        """Whole patches only; those that hold whole pieces of JPEG survive it when their pixels stay."""
        return Traits(tile=self.block, survives_jpeg=not self.pixels and (self.block % 16 == 0 or not self.blocks))

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """Two permutations, each of its own derived key."""
        patch, patches = self._sizes(shape)
        return {
            "pixel": self._drawn(key.derive(self.id, "pixel").stream(), patch, self.pixels),
            "block": self._drawn(key.derive(self.id, "block").stream(), patches, self.blocks),
        }

    def plan_from_material(self, shape: Shape, pixel: Any, block: Any) -> Plan:
        """One gather of bytes."""
        patch, patches = self._sizes(shape)
        pixel, block = permutation("pixel", pixel, patch), permutation("block", block, patches)
        flat = to_blocks(positions(shape), self.block).transpose(0, 3, 1, 2)
        moved = flat.reshape(patches, patch)[block][:, pixel].reshape(flat.shape)
        return Plan(order=from_blocks(moved.transpose(0, 2, 3, 1), shape).ravel())

    def adapt(self, model: Any, key: Key) -> Any:
        """A copy of a ViT, or without the shuffle of patches of a ConvMixer, that reads cipher pictures of `key`."""
        return adapted(model, self.id, self.block, *self.inside(key, shape_of(model)))

    def inside(self, key: Key, shape: Shape) -> tuple[Any, Any]:
        """The permutation inside patches as a matrix; the order of patches, None where they stay."""
        drawn = self.material(key, shape)
        order = np.asarray(drawn["block"]) if self.blocks else None
        return np.eye(len(drawn["pixel"]))[drawn["pixel"]], order

    def _sizes(self, shape: Shape) -> tuple[int, int]:
        """Samples of a patch, and patches of an image."""
        down, across = grid(shape, self.block)
        return shape[2] * self.block**2, down * across

    def _drawn(self, stream: Keystream, n: int, on: bool) -> Any:
        """A permutation of n positions that moves floor(share n + 1/2) of them and leaves the others where they are."""
        moving = int(self.share * n + 0.5) if on else 0
        inner = stream.permutation(moving)
        if moving == n:
            return inner
        chosen = np.sort(stream.permutation(n)[:moving])
        perm = np.arange(n)
        perm[chosen] = chosen[inner]
        return perm

"""pevit-rs/1: patches in a random order that is new for every picture (Hao et al., IJCAI 2025, "RS": random shuffling).

A vision transformer without positional embeddings does not see the order of patches, so it learns from such pictures as
from plain ones, and no key is needed to ask it. The paper's: equal patches, a random order for each picture, the
transformer without positions (here `vit_tiny` or `vit_small` with --model-set positions=false). Ours: the order comes
from a key of the picture's own, so that a run can be repeated and the owner can put the patches back.

Hides: what is larger than a patch, from a casual viewer. Leaks: every patch as it is, with its colours and edges; the
exact histogram; which picture it is, to whoever has it among others: the set of patches is unchanged; sizes. Key space:
(number of patches)! for each picture. Break: a jigsaw puzzle, the easier the larger patches are; the set of patches
tells a picture among others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from imveil.keys.key import Key
from imveil.plans.blocks import from_blocks, grid, positions, to_blocks
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits, Within, permutation


@dataclass(frozen=True)
class PevitRs(Scheme):
    """Shuffled patches, a fresh order for every picture.

    Attributes
    ----------
    block
        Side of a patch: 4 for 32 pixels, 16 for 224.
    material
        `order` (number of patches, row by row), output patch i is patch order[i].
    """

    id: ClassVar[str] = "pevit-rs/1"
    paper: ClassVar[str] = "Hao et al., Human-Imperceptible, Machine-Recognizable Images, IJCAI 2025"

    block: Annotated[int, Within(1, 256, tried=(8, 16))] = 4

    @property
    def traits(self) -> Traits:
        """A key per image, whole patches only; those that hold whole pieces of JPEG survive it."""
        return Traits(per_image=True, tile=self.block, survives_jpeg=self.block % 16 == 0)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """A uniform permutation."""
        down, across = grid(shape, self.block)
        said = f"block={self.block}", "x".join(map(str, shape))
        return {"order": key.derive(self.id, "order", *said).stream().permutation(down * across)}

    def plan_from_material(self, shape: Shape, order: Any) -> Plan:
        """One gather of bytes."""
        down, across = grid(shape, self.block)
        moved = to_blocks(positions(shape), self.block)[permutation("order", order, down * across)]
        return Plan(order=np.asarray(from_blocks(moved, shape)).ravel())

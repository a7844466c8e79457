"""ViT-Small: H. Touvron et al., "Training data-efficient image transformers", arXiv 2012.12877, table 1.

The transformer of `cloud/models/_transformer.py` with vectors of 384, 6 heads and 12 blocks: 22 million parameters with
patches of 16 on pictures of 224 pixels. Pictures of up to 64 pixels get patches of 4.

Its first layer reads whole patches, so a scheme that works inside patches and shuffles them (patch/1, orthogonal/1)
costs it nothing: see `imveil adapt`.
"""

from __future__ import annotations

from torch import nn

from imveil.cloud.models._patches import check_patch, patch_of
from imveil.cloud.models._transformer import Transformer


def build(
    classes: int, shape: tuple[int, int, int], *, width: int | None = None, depth: int = 12, patch: int = 0
) -> nn.Module:
    """The net for pictures of `shape` = (h, w, c): float (n, c, h, w) -> logits (n, classes).

    width: of the vectors, 384 unless given; a head for every 64.   patch: side of a patch, 0 for the usual one.

    >>> sum(p.numel() for p in build(1000, (224, 224, 3)).parameters())
    22050664
    """
    wide, side = width or 384, check_patch(patch or patch_of(shape, small=4, large=16))
    return Transformer(classes, shape, width=wide, depth=depth, patch=side)

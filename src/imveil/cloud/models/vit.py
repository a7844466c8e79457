"""ViT-Tiny and ViT-Small: H. Touvron et al., "Training data-efficient image transformers", arXiv 2012.12877, table 1.

The transformer of `_transformer.py` with 12 blocks, and vectors of 192 and 3 heads (5.7 million parameters with patches
of 16 on pictures of 224 pixels) or of 384 and 6 heads (22 million). Pictures of up to 64 pixels get patches of 4.

The first layer reads whole patches, so a scheme that works inside patches and shuffles them (patch/1, orthogonal/1)
costs it nothing: see `imveil adapt`.
"""

from __future__ import annotations

from torch import nn

from imveil.cloud.models._transformer import Transformer, check_patch, patch_of


def vit_tiny(
    classes: int, shape: tuple[int, int, int], *, width: int | None = None, depth: int = 12, patch: int = 0,
    positions: bool = True,
) -> nn.Module:  # fmt: skip
    """The net for pictures of `shape` = (h, w, c): float (n, c, h, w) -> logits (n, classes).

    Parameters
    ----------
    width
        Of the vectors, 192 unless given; a head for every 64.
    patch
        Side of a patch, 0 for the usual one.
    positions
        Whether it sees where a patch lies; false for patches in random order (pevit-rs/1).

    >>> sum(p.numel() for p in vit_tiny(1000, (224, 224, 3)).parameters())
    5717416
    """
    return _vit(classes, shape, width or 192, depth, patch, positions)


def vit_small(
    classes: int, shape: tuple[int, int, int], *, width: int | None = None, depth: int = 12, patch: int = 0,
    positions: bool = True,
) -> nn.Module:  # fmt: skip
    """The same with vectors of 384 unless `width` is given.

    >>> sum(p.numel() for p in vit_small(1000, (224, 224, 3)).parameters())
    22050664
    """
    return _vit(classes, shape, width or 384, depth, patch, positions)


def _vit(classes: int, shape: tuple[int, int, int], width: int, depth: int, patch: int, positions: bool) -> Transformer:
    side = check_patch(patch or patch_of(shape, small=4, large=16))
    return Transformer(classes, shape, width=width, depth=depth, patch=side, positions=positions)

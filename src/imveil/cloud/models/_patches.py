"""Patches, as the models have them that read pictures patch by patch."""

from __future__ import annotations

from imveil.errors import BadField
from imveil.extras import nn, torch

SMALL = 64  # pictures whose shorter side is at most this get small patches


def patch_of(shape: tuple[int, int, int], *, small: int, large: int) -> int:
    """The usual side of a patch for pictures of `shape`.

    >>> patch_of((32, 32, 3), small=4, large=16), patch_of((224, 224, 3), small=4, large=16)
    (4, 16)
    """
    return small if min(shape[:2]) <= SMALL else large


def check_patch(patch: int) -> int:
    """The side of a patch; BadField for one that no patch has."""
    if not 1 <= patch <= 256:
        raise BadField(f"the side of a patch is 1 to 256 pixels, not {patch}")
    return patch


def tiled(x: torch.Tensor, patch: int) -> torch.Tensor:
    """(n, c, h, w), with zeros at the right and below until patches tile it."""
    down, right = -x.shape[2] % patch, -x.shape[3] % patch
    return nn.functional.pad(x, (0, right, 0, down)) if down or right else x

"""Random flips and shifts, done in the gather that fetches a batch: one pass over memory, none of them a copy more;
and squares cut out of what the net sees.

Flips and shifts are right only where a flipped or shifted cipher picture is again the cipher of some picture; see
`suits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imveil.extras import torch


def gather(images: torch.Tensor, rows: torch.Tensor, draws: torch.Generator, *, flip: bool, shift: int) -> torch.Tensor:
    """The pictures `rows` of images (n, h, w, c), each flipped left to right with probability one half and shifted
    by -shift..shift pixels both ways, the border mirrored.

    What is drawn depends on `draws` and len(rows) alone, on every device.
    """
    device = images.device
    rows = rows.to(device)
    if not flip and not shift:
        return images[rows]
    n, (height, width) = len(rows), images.shape[1:3]
    down = torch.randint(-shift, shift + 1, (n, 1), generator=draws).to(device)
    right = torch.randint(-shift, shift + 1, (n, 1), generator=draws).to(device)
    ys = _mirror(torch.arange(height, device=device) + down, height)
    xs = _mirror(torch.arange(width, device=device) + right, width)
    if flip:
        turned = torch.randint(0, 2, (n, 1), generator=draws).bool().to(device)
        xs = torch.where(turned, width - 1 - xs, xs)
    return images[rows[:, None, None], ys[:, :, None], xs[:, None, :]]


def moved(values: torch.Tensor, draws: torch.Generator, *, flip: bool, shift: int) -> torch.Tensor:
    """What an adapter gave, (n, c, h, w), flipped and shifted as `gather` does it; gradients pass."""
    rows = torch.arange(len(values))
    return gather(values.permute(0, 2, 3, 1), rows, draws, flip=flip, shift=shift).permute(0, 3, 1, 2)


def cut(values: torch.Tensor, fill: torch.Tensor, draws: torch.Generator, *, side: int) -> torch.Tensor:
    """What an adapter gave, (n, c, h, w), each picture with a square of `side` pixels, anywhere, set to `fill` (c,);
    what stands over the border is left out. T. DeVries, G. W. Taylor, arXiv 1708.04552, sec. 3.

    >>> ones = torch.ones(1, 1, 4, 4)
    >>> int(cut(ones, torch.zeros(1), torch.Generator().manual_seed(0), side=1).sum())
    15
    """
    n, _, height, width = values.shape
    inside = []
    for length in (height, width):
        first = torch.randint(0, length, (n, 1), generator=draws).to(values.device) - side // 2
        places = torch.arange(length, device=values.device)
        inside.append((places >= first) & (places < first + side))
    square = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return torch.where(square, fill[:, None, None].to(values.dtype), values)


def _mirror(places: torch.Tensor, side: int) -> torch.Tensor:
    """Places outside 0..side-1 mirrored at the border pixel, as often as it takes."""
    if side == 1:
        return torch.zeros_like(places)
    places = places.remainder(2 * side - 2)
    return torch.minimum(places, 2 * side - 2 - places)


def suits(scheme: str, traits: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether flips and shifts suit pictures of a scheme, and why, in a few words for the user.

    >>> suits("plain/1", {})
    (True, 'the pictures are plain')
    """
    if scheme == "plain/1":
        return True, "the pictures are plain"
    if traits.get("per_image") and int(traits.get("tile") or 1) > 1:
        return False, f"{scheme} moves whole patches: a shift would cut them otherwise"
    if traits.get("per_image"):
        return True, "every picture has its own key, so no place in it is special"
    return False, f"{scheme} uses one key for all pictures: a moved cipher picture is not the cipher of a moved picture"

"""The net that unfolds: from |v - 127.5| of every sample to a picture, up to the sign of all of it.

A U-Net over four sizes. It does not draw: of each pixel it weighs the six orders of its three values and says how sure
it is of each sign, so that what comes out is made of the values that the cipher image shows.
"""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

from imveil.extras import nn, torch

WIDTH = 16
LEVELS = 4
TILE = 2 ** (LEVELS - 1)  # sides must be multiples of it
ORDERS = tuple(permutations(range(3)))


def net(norm: bool = False, width: int = WIDTH) -> Any:
    """A net with random weights.

    Parameters
    ----------
    norm
        With batch normalisation, for training; `plain` takes it out again.
    """
    wide = [width, 2 * width, 4 * width, 4 * width]
    down = [(4, wide[0]), *pairwise(wide)]
    up = [(wide[i] + wide[i - 1], wide[i - 1]) for i in range(LEVELS - 1, 0, -1)]
    shapes = [(a, b) for pair in (*down, *up) for a, b in (pair, (pair[1], pair[1]))]
    convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=not norm) for a, b in shapes)
    norms = nn.ModuleList(nn.BatchNorm2d(b) if norm else nn.Identity() for _, b in shapes)
    return nn.ModuleDict({"convs": convs, "norms": norms, "last": nn.Conv2d(width, len(ORDERS) + 3, 1)})


def unfolded(body: Any, folds: Any, ordered: Any) -> Any:
    """Pictures up to sign, (n, 3, h, w) in -1..1.

    Parameters
    ----------
    folds
        (n, 3, h, w) in 0..1, |v - 127.5| / 127.5, sides multiples of `TILE`.
    ordered
        (n,) of 0 and 1: whether the three values of its pixels are red, green and blue; else they are taken as sorted.
    """
    known = ordered[:, None, None, None]
    seen: list[Any] = []
    x, at = torch.cat([2 * folds - 1, known.expand(-1, 1, *folds.shape[2:])], 1), 0
    for level in range(2 * LEVELS - 1):
        if 0 < level < LEVELS:
            x = nn.functional.max_pool2d(x, 2)
        elif level >= LEVELS:
            x = torch.cat([nn.functional.interpolate(x, scale_factor=2), seen[2 * LEVELS - 2 - level]], 1)
        for _ in range(2):
            x = torch.relu(body["norms"][at](body["convs"][at](x)))
            at += 1
        seen.append(x)
    told = body["last"](x).float()
    weights = torch.softmax(told[:, : len(ORDERS)], 1)
    ways = torch.stack([folds[:, list(order)] for order in ORDERS], 1)  # (n, orders, 3, h, w)
    likely = (weights[:, :, None] * ways).sum(1)
    return torch.tanh(told[:, len(ORDERS) :]) * torch.where(known > 0, folds, likely)


def plain(body: Any, width: int = WIDTH) -> Any:
    """The same net without batch normalisation, for use."""
    fuse = torch.nn.utils.fusion.fuse_conv_bn_eval
    body.eval()
    found = net(width=width)
    for own, conv, norm in zip(found["convs"], body["convs"], body["norms"]):
        own.load_state_dict(fuse(conv, norm).state_dict())
    found["last"].load_state_dict(body["last"].state_dict())
    return found.eval()

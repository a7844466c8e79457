"""Upright: which way round a picture belongs that came out in an unknown turn, sign and order of colours, by a guess.

Light comes from above; pictures are not brighter than grey on the whole; the colour most like the others is green, the
brighter of the rest red (`solvers/colours.py`). Whether a picture is mirrored, nothing tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.pad.colours import named
from imveil.attacks.solvers.puzzle.poses import turned


def upright(picture: Any, turns: tuple[int, ...], *, negatives: bool = False, colours: bool = False) -> Any:
    """The likeliest way to show a picture (h, w, c) uint8.

    Parameters
    ----------
    turns
        Which of the eight may be; those that change its shape do not come into question.

    >>> dark_above = np.repeat([[[9]], [[90]]], 4, axis=1).astype(np.uint8)
    >>> upright(dark_above, (0, 2))[..., 0].tolist()
    [[90, 90, 90, 90], [9, 9, 9, 9]]
    """
    if negatives and picture.mean() > 127.5:
        picture = 255 - picture
    if colours and picture.shape[2] == 3:
        picture = picture[..., named(np.ascontiguousarray(picture.reshape(-1, 3).T))]
    ways = [way for way in (turned(picture, d) for d in turns) if way.shape == picture.shape]
    return max(ways, key=_from_above) if ways else picture


def _from_above(picture: Any) -> float:
    half = len(picture) // 2
    return float(picture[:half].mean() - picture[len(picture) - half :].mean())

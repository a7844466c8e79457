"""Dependence: whether samples of cipher images go together at all. Where they do not, no recipe has work to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.units import standard, to_units

SIDE = 12  # pixels: a corner that holds whole blocks of any usual side
FEW = 16  # images, with fewer of which blocks are compared inside each image
SIDES = (4, 8)  # of blocks, then
SURE = 12.0  # standard deviations of what independent samples give


def depend(images: Any) -> bool:
    """Whether samples at some places rise and fall together, over images; over blocks where there are few images.

    The mean square of all correlations, against that of independent samples: J. R. Schott, Biometrika 92 (2005) 951.

    >>> noise = np.random.default_rng(0).integers(0, 256, (100, 16, 16, 3))
    >>> depend(noise), depend(noise + 40 * np.arange(100).reshape(100, 1, 1, 1))
    (False, True)
    """
    if len(images) >= FEW:
        return _dependent(images[:, :SIDE, :SIDE].reshape(len(images), -1))
    h, w, _ = images.shape[1:]
    cut = [to_units(images, side) for side in SIDES if h % side == w % side == 0 and h * w > FEW * side**2]
    # Images so small and so few that nothing can be told are left to the check.
    return not cut or any(_dependent(one.reshape(-1, one.shape[-1])) for one in cut)


def _dependent(rows: Any) -> bool:
    n, places = rows.shape
    values = standard(rows)
    square = np.square(values.T @ values / n)
    total = (float(square.sum()) - float(np.trace(square))) / 2
    usual = places * (places - 1) / 2 / (n - 1)
    spread = np.sqrt(places * (places - 1) * (n - 2) / (n + 1)) / (n - 1)
    return bool(total > usual + SURE * spread)

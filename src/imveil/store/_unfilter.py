"""The five row filters of PNG undone with numpy, for the files that Pillow would cut down to 8 bits.

A byte depends on its left, upper and upper-left neighbours, so bytes on one diagonal do not depend on each other: a
picture takes h + w steps, each over a whole diagonal. PNG specification (third edition), section 9.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage

U8 = npt.NDArray[np.uint8]


def unfilter(rows: U8, step: int) -> U8:
    """Parameters
    ----------
    rows
        (h, 1 + w * step) uint8, the filter type of each row first.
    step
        Bytes a pixel. Returns (h, w * step).

    Raises
    ------
    BadImage
        For a filter type above 4.

    >>> unfilter(np.array([[1, 10, 1, 1], [2, 5, 5, 5]], np.uint8), step=1).tolist()
    [[10, 11, 12], [15, 16, 17]]
    """
    kinds = rows[:, 0].astype(np.intp)
    if kinds.size and kinds.max() > 4:
        raise BadImage(f"the PNG is broken: filter type {kinds.max()} of a row")
    h, w = len(rows), (rows.shape[1] - 1) // step
    # One row and one column of zeros stand around the picture, as the filters want them.
    out = np.zeros((h + 1, w + 1, step), np.int16)
    out[1:, 1:] = rows[:, 1:].reshape(h, w, step)
    for diagonal in range(h + w - 1):
        y = np.arange(max(0, diagonal - w + 1), min(h, diagonal + 1))
        x = diagonal - y
        left, up, corner = out[y + 1, x], out[y, x + 1], out[y, x]
        guess = np.choose(
            kinds[y][:, None], [np.zeros_like(left), left, up, (left + up) >> 1, _paeth(left, up, corner)]
        )
        out[y + 1, x + 1] = (out[y + 1, x + 1] + guess) & 255
    return out[1:, 1:].astype(np.uint8).reshape(h, w * step)


def _paeth(
    left: npt.NDArray[np.int16], up: npt.NDArray[np.int16], corner: npt.NDArray[np.int16]
) -> npt.NDArray[np.int16]:
    """The neighbour nearest to left + up - corner; ties go to left, then up."""
    a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    return np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))

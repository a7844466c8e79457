"""Prior: what an attacker knows of pictures before he sees a cipher image, as second-order statistics of public ones.

How samples correlate by offset and colours, how cells of a coarse grid vary together, what is left open in a sample
when its neighbours are known, and how colours look. The shipped one was measured on CIFAR-100 by
`scripts/records/make_prior.py`; matching is blind to scale, so it serves photographs of any size too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from imveil.attacks.solvers.secondorder.palette import Palette
from imveil.attacks.solvers.secondorder.units import F64, standard

REACH = 31  # offsets of the kernel, in pixels
NEAR = 7  # offsets of the kernel of low halves
CELLS = 8  # of the coarse grid, along each side
MOST_SAMPLES = 1 << 22  # of public pictures, as three colours
LEAST = 16  # pictures, however large
LUMA = np.array([0.299, 0.587, 0.114])
SHIPPED = "prior.npz"


@dataclass(frozen=True)
class Prior:
    """Statistics of colour pictures; grey ones are read off them.

    Attributes
    ----------
    kernel
        (2 REACH + 1, 2 REACH + 1, 3, 3) correlation of a sample of one colour with another one, by offset and colours.
    low
        The like, of a low half with what the neighbours' high halves make one expect beyond its own.
    mean
        (CELLS, CELLS, 3) of cells.
    spread
        (CELLS * CELLS * 3,) squared, their covariance.
    palette
        How colours look.
    """

    kernel: F64
    low: F64
    mean: F64
    spread: F64
    palette: Palette

    @classmethod
    def of(cls, pictures: Any) -> Prior:
        """Measured on public pictures, (n, h, w, c) uint8; grey ones count as three equal colours."""
        colour = pictures[..., :3] if pictures.shape[3] > 2 else np.repeat(pictures[..., :1], 3, axis=3)
        flat = (len(colour), -1)
        values = standard(colour.reshape(flat)).reshape(colour.shape)
        low = standard((colour & 15).reshape(flat)).reshape(colour.shape)
        wanted = standard(expected(colour >> 4).reshape(flat)).reshape(colour.shape)
        cells = in_cells(colour, CELLS)
        spread = np.cov(cells.reshape(len(cells), -1).T) if len(cells) > 1 else np.eye(cells[0].size)
        return cls(
            kernel(values, values, REACH), kernel(low, wanted, NEAR), cells.mean(axis=0), spread, Palette.of(colour)
        )

    @staticmethod
    def enough(shape: tuple[int, ...]) -> int:
        """How many pictures of a set of this shape (n, h, w, c) say what all of them would; of large ones few do.

        >>> Prior.enough((1000, 32, 32, 3)), Prior.enough((1000, 224, 224, 1))
        (1000, 27)
        """
        return min(shape[0], max(LEAST, MOST_SAMPLES // (shape[1] * shape[2] * 3)))

    @classmethod
    def made(cls) -> Prior:
        """That of no pictures at all: of random fields whose amplitude falls as 1/f, as that of natural scenes does
        (Field, JOSA A 4(12), 1987), colours nine tenths alike. It does not tell which colour is which.
        """
        return _made()

    @classmethod
    def shipped(cls) -> Prior:
        """The one that comes with the package."""
        return _shipped()

    def correlations(self, c: int, ours: Any, theirs: Any) -> F64:
        """(m, k) correlations of samples at places ours (m, 3) and theirs (k, 3): row, column, channel of c."""
        return at_offsets(self.colours(self.kernel, c), ours, theirs)

    def low_halves(self, c: int, places: Any) -> F64:
        """(m, m) correlations of the low half at each place with what is expected at each place."""
        return at_offsets(self.colours(self.low, c), places, places)

    def colours(self, kernel: Any, c: int) -> F64:
        """A kernel for c channels: of three as it is, of any other number as luma, all channels alike."""
        if c == 3:
            return np.asarray(kernel)
        grey = np.einsum("yxab,a,b->yx", kernel, LUMA, LUMA)
        grey /= np.abs(grey).max()
        return np.asarray(grey[..., None, None] * (0.1 * np.eye(c) + 0.9))

    def grid(self, down: int, across: int, weights: Any = LUMA) -> tuple[F64, F64, F64]:
        """Of the blocks of a grid: correlations (blocks, blocks), means, deviations (blocks,) of weighted colours."""
        return self.planes(down, across, [weights])

    def planes(self, down: int, across: int, weights: Any) -> tuple[F64, F64, F64]:
        """The like for several planes one after the other, each of its own weighted colours."""
        cells = np.kron(_resampled(down), _resampled(across))
        mix = np.concatenate([np.kron(cells, np.asarray(one)[None]) for one in weights])
        spread = mix @ self.spread @ mix.T
        deviation = np.sqrt(np.diag(spread))
        return spread / deviation / deviation[:, None], mix @ self.mean.ravel(), deviation


@cache
def _shipped() -> Prior:
    with (files(__package__) / SHIPPED).open("rb") as file, np.load(file, allow_pickle=False) as held:
        stored = {name: np.asarray(held[name], np.float64) for name in held.files}
    palette = Palette(stored["usual"], stored["precision"], stored["seen"])
    size = CELLS * CELLS * 3
    spread = np.zeros((size, size))
    spread[np.triu_indices(size)] = stored["spread"]
    spread += np.triu(spread, 1).T
    half = stored["kernel"]
    whole = np.concatenate([half, half[-2::-1, ::-1].swapaxes(2, 3)])
    return Prior(whole, stored["low"], stored["mean"], spread, palette)


@cache
def _made(count: int = 2000, side: int = 32, alike: float = 0.9) -> Prior:
    rng, wide = np.random.default_rng(0), 2 * side
    frequency = np.hypot(np.fft.fftfreq(wide)[:, None], np.fft.rfftfreq(wide))
    frequency[0, 0] = 1 / wide

    def fields() -> Any:
        drawn = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(count, wide, wide))) / frequency)[:, :side, :side]
        return drawn / drawn.std()

    common = np.sqrt(alike) * fields()
    colours = np.stack([common + np.sqrt(1 - alike) * fields() for _ in range(3)], axis=3)
    return Prior.of((127.5 + 50 * colours).clip(0, 255).astype(np.uint8))


def save(prior: Prior, file: Any) -> None:
    """Write a prior in half precision, without what symmetry gives."""
    size = len(prior.spread)
    np.savez_compressed(
        file,
        kernel=prior.kernel[: REACH + 1].astype(np.float16),
        low=prior.low.astype(np.float16),
        mean=prior.mean.astype(np.float16),
        spread=prior.spread[np.triu_indices(size)].astype(np.float16),
        usual=prior.palette.usual.astype(np.float32),
        precision=prior.palette.precision.astype(np.float32),
        seen=prior.palette.seen.astype(np.float16),
    )


def kernel(one: Any, other: Any, reach: int) -> F64:
    """Mean products of samples by offset, (2 reach + 1, 2 reach + 1, c, c).

    Parameters
    ----------
    one, other
        (n, h, w, c). [dy, dx, a, b] is of one[y, x, a] with other[y + dy, x + dx, b]; 0 where pictures are smaller.
    """
    n, h, w, c = one.shape
    high, wide = min(reach, h - 1), min(reach, w - 1)
    size = (h + high, w + wide)
    a, b = (np.fft.rfft2(np.asarray(x, np.float32), size, axes=(1, 2)) for x in (one, other))
    found = np.zeros((2 * reach + 1, 2 * reach + 1, c, c))
    rows, columns = np.arange(-high, high + 1), np.arange(-wide, wide + 1)
    counts = np.outer(h - np.abs(rows), w - np.abs(columns)) * n
    inner = slice(reach - high, reach + high + 1), slice(reach - wide, reach + wide + 1)
    for i in range(c):
        for j in range(c):
            total = np.fft.irfft2((a[..., i].conj() * b[..., j]).sum(axis=0), size)
            found[(*inner, i, j)] = total[np.ix_(rows, columns)] / counts
    return found


def at_offsets(kernel: Any, ours: Any, theirs: Any) -> F64:
    """The matrix of a kernel between places, ours (m, 3) against theirs (k, 3); 0 beyond its reach."""
    reach = len(kernel) // 2
    down, across = (theirs[:, axis] - ours[:, axis, None] for axis in (0, 1))
    inside = (np.abs(down) <= reach) & (np.abs(across) <= reach)
    down, across = (np.clip(step, -reach, reach) + reach for step in (down, across))
    return np.where(inside, kernel[down, across, ours[:, 2, None], theirs[:, 2]], 0.0)


def places(h: int, w: int, c: int) -> Any:
    """(h * w * c, 3): row, column and channel of every sample."""
    return np.stack(np.unravel_index(np.arange(h * w * c), (h, w, c)), axis=1)


def expected(high: Any) -> Any:
    """What four neighbours make one expect of a sample beyond its own high half, in -1..1. high: (n, h, w, c)."""
    values = high.astype(np.float32)
    wide = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
    near = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
    return np.clip(near / 4 - values, -1, 1)


def in_cells(pictures: Any, cells: int) -> F64:
    """(n, cells, cells, c): pictures made small, each sample the mean of its part."""
    down, across = (_shrunk(cells, side) for side in pictures.shape[1:3])
    return np.asarray(np.einsum("ih,nhwc,jw->nijc", down, pictures.astype(np.float64), across, optimize=True))


def _shrunk(parts: int, whole: int) -> F64:
    """(parts, whole): the share of each element of a line in each of its equal parts."""
    at = np.arange(whole)
    edges = np.linspace(0, whole, parts + 1)
    share = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    share = np.maximum(share, 0)
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _resampled(parts: int) -> F64:
    """(parts, CELLS): from cells to this many blocks, by area where these are fewer, else between cells."""
    if parts <= CELLS:
        return _shrunk(parts, CELLS)
    at = np.clip((np.arange(parts) + 0.5) * CELLS / parts - 0.5, 0, CELLS - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(CELLS))))

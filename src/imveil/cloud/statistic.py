"""A mask that was XORed into every picture, from the statistics of the cipher pictures alone.

This is the many-time-pad attack in its short form, for whoever holds thousands of cipher pictures: neighbouring samples
of pictures are alike, so in each plane of the Gray code two neighbours agree more often than not, and where cipher
pictures disagree more often than not the mask differs. The agreements are joined along the tree of the surest ones and
then settled by majority; eight bits stay open, one a plane, of which the smoothest choice is taken. A model that begins
with this sees the pictures, and so can whoever trains it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imveil.cloud.adapters._bitplanes import PLANES, gray, signs
from imveil.extras import torch

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
ENOUGH = 16_384  # pictures: the votes of more change nothing
SWEEPS = 50


def mask_of(images: torch.Tensor) -> torch.Tensor:
    """The mask (h, w, c) uint8 under which `images` (n, h, w, c) uint8 are smooth; pictures may come out as negatives.

    Deterministic. Where nothing was XORed in, or where pictures are not smooth, it is one mask as good as another.
    """
    images = images[:ENOUGH].cpu()
    shape = images.shape[1:]
    ends = _neighbours((int(shape[0]), int(shape[1]), int(shape[2])))
    flat = gray(images).reshape(len(images), -1)
    # Which of the positions are in one half of the board: neighbours always lie in different halves.
    half = np.indices(tuple(shape)).sum(0).ravel() % 2
    code = np.zeros(flat.shape[1], np.uint8)
    for plane in range(PLANES):
        votes = _agreement(flat, ends, plane)
        code |= ((_settled(votes, ends, half) < 0).astype(np.uint8)) << plane
    for shift in (1, 2, 4):
        code ^= code >> shift
    mask = torch.from_numpy(code).reshape(shape)
    return mask ^ _smoothest(images[:512] ^ mask)


def _neighbours(shape: tuple[int, int, int]) -> tuple[I64, I64]:
    """Pairs of positions next to each other: below, right, next channel. (e,), (e,)."""
    where = np.arange(np.prod(shape)).reshape(shape)
    one = [where[:-1].ravel(), where[:, :-1].ravel(), where[:, :, :-1].ravel()]
    two = [where[1:].ravel(), where[:, 1:].ravel(), where[:, :, 1:].ravel()]
    return np.concatenate(one), np.concatenate(two)


def _agreement(flat: torch.Tensor, ends: tuple[I64, I64], plane: int, batch: int = 1024) -> F64:
    """For each pair of positions, the mean over pictures of the product of their signs, -1..1. flat: (n, positions)."""
    a, b = (torch.from_numpy(end) for end in ends)
    total = torch.zeros(len(a), dtype=torch.float64)
    for start in range(0, len(flat), batch):
        seen = signs(flat[start : start + batch], plane).T.contiguous()
        total += (seen[a] * seen[b]).sum(1)
    return np.asarray((total / len(flat)).numpy())


def _settled(votes: F64, ends: tuple[I64, I64], half: I64) -> F64:
    """A sign for each position that agrees with the votes: along the surest tree, then by majority, half by half."""
    n = len(half)
    sign = _tree(votes, ends, n)
    one, two = ends
    for sweep in range(2 * SWEEPS):
        pull = np.bincount(one, votes * sign[two], n) + np.bincount(two, votes * sign[one], n)
        turn = (half == sweep % 2) & (pull * sign < 0)
        if not turn.any() and sweep % 2:
            break
        sign[turn] *= -1
    return sign


def _tree(votes: F64, ends: tuple[I64, I64], n: int) -> F64:
    """Signs along the spanning forest of the largest votes (Kruskal), each tree's first position +1."""
    group, sign, members = list(range(n)), np.ones(n), [[i] for i in range(n)]
    one, two = ends[0].tolist(), ends[1].tolist()
    for edge in np.argsort(-np.abs(votes), kind="stable").tolist():
        a, b = group[one[edge]], group[two[edge]]
        if a == b:
            continue
        turned = votes[edge] * sign[one[edge]] * sign[two[edge]] < 0
        a, b = (a, b) if len(members[a]) >= len(members[b]) else (b, a)
        if turned:
            sign[members[b]] *= -1
        for place in members[b]:
            group[place] = a
        members[a] += members[b]
        members[b] = []
    return sign


def _smoothest(images: torch.Tensor) -> int:
    """The byte under which neighbours are most alike; of it and its complement, the one that darkens the pictures."""
    seen = images.short()

    def rough(byte: int) -> float:
        turned = seen ^ byte
        return sum(float((turned.narrow(d, 1, turned.shape[d] - 1) - turned.narrow(d, 0, turned.shape[d] - 1))
                         .abs().sum()) for d in (1, 2) if turned.shape[d] > 1)  # fmt: skip

    best = min(range(128), key=rough)
    return best ^ 255 if float((seen ^ best).float().mean()) > 127.5 else best

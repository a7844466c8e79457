"""known-plan: the map of a fixed key from known pairs: XOR, permutations, tables; whole pictures or shared blocks.

The XOR of two cipher images does not depend on a mask. So over k known pairs every unit has a word, its values XORed
with its first one; a cipher unit came from a picture unit with the same word, and the mask follows. Where all masks
turn out to be inversions, the first value, folded, joins the word. Words that several units share are paired in order
of position: wrong places, but between look-alikes.

Readings are tried from the fewest secrets to the most, and the first that explains all pairs is taken: one XOR; blocks
that share one map, by bytes, by nibbles, by tables; the whole picture by bytes, by nibbles. One pair is enough for an
XOR, and for blocks of a picture that all share a map.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import one_key, same_shape
from imveil.attacks.base import Attack, Guess, View, blank
from imveil.attacks.solvers import probes
from imveil.attacks.solvers.blocks import pieces, sides, whole


class KnownPlan(Attack):
    """Words of differences matched, masks read off."""

    id: ClassVar[str] = "known-plan"
    needs: ClassVar[frozenset[str]] = frozenset({"pairs"})
    paper: ClassVar[str] = "ours; for permutations: S. Li et al., Signal Processing: Image Communication 23:212 (2008)"
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """A fixed key, and whole numbers at the places of the picture."""
        del shape
        return one_key(scheme) or same_shape(scheme) or ("cipher images are real numbers" if _real(scheme) else "")

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """notes: placed, the share of units whose place and mask no other unit could have."""
        del rng, steps
        assert view.pairs is not None
        plain, cipher = view.pairs
        if cipher.shape[1:] != view.shape or not len(plain) or cipher.dtype.kind != "u":
            return Guess(blank(view))
        flat = [a.reshape(len(a), 1, -1) for a in (plain, cipher, view.targets)]
        cut = [[pieces(a, side) for a in (plain, cipher, view.targets)] for side in sides(view)]
        for images, sure in _readings(flat, cut):
            shape = (len(view.targets), *view.shape)
            back = images.reshape(shape) if images.shape[1] == 1 else whole(images, view.shape)
            return Guess(back.astype(np.uint8), notes={"placed": sure})
        return Guess(blank(view))


def _real(scheme: Any) -> bool:
    return bool(scheme.traits.dtype.startswith("float"))


def _readings(flat: list[Any], cut: list[list[Any]]) -> Iterator[tuple[Any, float]]:
    """Pictures (n, pieces, units) by every reading that explains the pairs, fewest secrets first."""
    plain, cipher, targets = flat
    if cipher.dtype != np.uint8:
        for one in [*cut, flat]:
            if (found := _tables(*one)) is not None:
                yield found
        return
    mask = plain ^ cipher
    if (mask == mask[0]).all() and (len(mask) > 1 or np.isin(mask, (0, 255)).all()):
        yield targets ^ mask[0], 1.0
    for one in cut:
        if one[0].shape[0] * one[0].shape[1] > 1:
            yield from _plans(*one)
            if (found := _tables(*one)) is not None:
                yield found
    if len(plain) > 1 or (np.sort(_folded(plain, 255)) == np.sort(_folded(cipher, 255))).all():
        yield from _plans(*flat)
    if len(mask) == 1:  # one pair, and nothing speaks for a permutation: then an XOR is all that it can tell
        yield targets ^ mask[0], 1.0


def _plans(plain: Any, cipher: Any, targets: Any) -> Iterator[tuple[Any, float]]:
    """By bytes, then by nibbles. All arrays are (images, pieces, bytes)."""
    yield from _plan(plain, cipher, targets, 255)
    x, y, z = (probes.halves(a.reshape(-1, a.shape[2])).reshape(*a.shape[:2], -1) for a in (plain, cipher, targets))
    for units, sure in _plan(x, y, z, 15):
        yield units[..., ::2] | units[..., 1::2] << 4, sure


def _plan(plain: Any, cipher: Any, targets: Any, top: int) -> Iterator[tuple[Any, float]]:
    """One permutation and XOR for all pieces. First under the guess that all masks are 0 or `top`, which makes words
    longer, then under none."""
    x, y = (a.reshape(-1, a.shape[2]) for a in (plain, cipher))
    for folded in (True, False):
        if not folded and len(x) < 3:
            return  # words of two values or less fit anything
        head = [_folded(a[:1], top) if folded else a[:0] for a in (x, y)]
        ours, theirs = (_words(np.concatenate([h, a[1:] ^ a[0]])) for h, a in zip(head, (x, y)))
        names, (ours, theirs) = _numbered(ours, theirs)
        count = np.bincount(ours, minlength=names), np.bincount(theirs, minlength=names)
        same = np.array_equal(*count)
        if not same and ((count[0] == 0) & (count[1] > 0)).any():
            continue
        if not same and len(x) * np.log2(top + 1) < 2 * np.log2(x.shape[1]) + 10:
            continue  # short words: an explanation that drops units would fit by chance
        by_word = np.argsort(ours, kind="stable")
        first = np.searchsorted(ours[by_word], theirs)
        rank = _rank(theirs)
        order = by_word[first + rank % np.maximum(count[0][theirs], 1)]
        mask = x[0][order] ^ y[0]
        units = (targets ^ mask).reshape(-1, targets.shape[2])
        yield probes.undo(order, units).reshape(targets.shape), float((count[0][theirs] == 1).mean())


def _tables(plain: Any, cipher: Any, targets: Any) -> tuple[Any, float] | None:
    """A table of values for each position, the same in all pieces; positions whose tables agree share one."""
    x, y = (a.reshape(-1, a.shape[2]) for a in (plain, cipher))
    top = int(max(y.max(), targets.max())) + 1
    table = np.full((x.shape[1], top), -1)
    forward = np.full((x.shape[1], 256), -1)
    for position in range(x.shape[1]):
        table[position, y[:, position]] = x[:, position]
        forward[position, x[:, position]] = y[:, position]
        if (forward[position, x[:, position]] != y[:, position]).any():
            return None
        if (table[position, y[:, position]] != x[:, position]).any():
            return None
    same = (x == y).all(axis=0)
    for group in (same, ~same):
        shared = table[group].max(axis=0, initial=-1)
        if not ((table[group] == -1) | (table[group] == shared)).all():
            continue
        table[group] = shared
    table[same, : min(256, top)] = np.arange(min(256, top))
    units = targets.reshape(-1, targets.shape[2])
    known = table[np.arange(units.shape[1]), units]
    return _filled(known).reshape(targets.shape), float((known >= 0).mean())


def _filled(units: Any) -> Any:
    """Unknown values, -1, by the last known one before them in the row, or 128."""
    places = np.where(units >= 0, np.arange(units.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)
    values = np.take_along_axis(units, last.clip(min=0), axis=1)
    return np.where(last < 0, 128, values).astype(np.uint8)


def _folded(units: Any, top: int) -> Any:
    return np.minimum(units, top - units)


def _words(rows: Any) -> Any:
    """(k, n) uint8 -> (n,) of k bytes each."""
    columns = np.ascontiguousarray(rows.T)
    return columns.view(np.dtype((np.void, max(1, columns.shape[1])))).ravel()


def _numbered(ours: Any, theirs: Any) -> tuple[int, list[Any]]:
    """Equal words as equal numbers, and how many there are."""
    names, numbers = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
    return len(names), np.split(numbers.ravel(), [len(ours)])


def _rank(numbers: Any) -> Any:
    """How many equal numbers stand before each."""
    order = np.argsort(numbers, kind="stable")
    rank = np.empty(len(numbers), np.int64)
    rank[order] = np.arange(len(numbers)) - np.searchsorted(numbers[order], numbers[order])
    return rank

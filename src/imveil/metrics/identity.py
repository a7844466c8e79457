"""Re-identification: whether a guess, however poor it looks, points to the right picture among many.

The distance is 1 - r, with r Pearson's correlation over all samples of guess and candidate: brightness and contrast do
not count. `or_negative` takes 1 - |r|, for attacks that cannot know the sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.errors import BadShape
from imveil.metrics.base import F64, U8, Metric, checked, flat

_TIE = 1e-9
_STEP = 64


def identity(guess: U8, candidates: U8, right: Any) -> F64:
    """Whether the nearest candidate is the right one, one per guess: 1 or 0, and 1/k where k candidates tie.

    Parameters
    ----------
    guess
        (n, h, w, c).
    candidates
        (m, h, w, c), among them the picture behind each guess.
    right
        (n,) integers, its row in `candidates`. A guess without contrast ties with all: 1/m. Candidates equal to the
        right one count as it.

    >>> rows = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    >>> identity(rows[:2] // 2, rows, [0, 1]), identity(255 - rows[:2], rows, [0, 1])
    (array([1., 1.]), array([0., 0.]))
    """
    return _picked(guess, candidates, right, lambda likeness: likeness)


def identity_or_negative(guess: U8, candidates: U8, right: Any) -> F64:
    """As `identity`, blind to the sign: the negative of a guess points to the same candidate.

    >>> rows = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    >>> identity_or_negative(255 - rows[:2], rows, [0, 1])
    array([1., 1.])
    """
    return _picked(guess, candidates, right, np.abs)


def _picked(guess: U8, candidates: U8, right: Any, likeness: Any) -> F64:
    guess, candidates, rows = checked(guess, "guesses"), checked(candidates, "candidates"), np.asarray(right)
    if guess.shape[1:] != candidates.shape[1:]:
        raise BadShape(f"guesses {guess.shape[1:]} and candidates {candidates.shape[1:]} differ in shape")
    inside = rows.dtype.kind in "iu" and bool(((rows >= 0) & (rows < len(candidates))).all())
    if rows.shape != (len(guess),) or not (inside or rows.size == 0):
        raise BadShape(f"right names one of {len(candidates)} candidates for each of {len(guess)} guesses, got {right}")
    asked, found = _standardised(guess), np.empty(len(guess))
    # A few candidates at a time: a thousand photographs in float64 are more than a machine has to spare.
    parts = [candidates[i : i + _STEP] for i in range(0, len(candidates), _STEP)]
    values = likeness(np.concatenate([_standardised(part) @ asked.T for part in parts] or [asked[:0, :0]]).T)
    digests = np.array([hash(picture.tobytes()) for picture in candidates])
    for i, row in enumerate(rows.tolist()):
        best = values[i] >= values[i].max() - _TIE
        found[i] = (best & (digests == digests[row])).sum() / best.sum()
    return found


def _standardised(images: U8) -> F64:
    rows = flat(images).astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TIE))


_NOT_SHOWN = (
    "Chance is 1 in as many candidates as there are. A guess that fails here may still show what is in the picture, "
    "and candidates that resemble each other make it harder."
)
METRICS = [
    Metric(
        name="identity",
        takes="gallery",
        measure=identity,
        tells="Whether a guess points to the right picture among many, though it may look like nothing.",
        not_shown=_NOT_SHOWN,
        source="nearest neighbour in 1 - r, Pearson's r over all samples",
    ),
    Metric(
        name="identity-or-negative",
        takes="gallery",
        measure=identity_or_negative,
        tells="Whether a guess or its negative points to the right picture among many.",
        not_shown=_NOT_SHOWN,
        source="nearest neighbour in 1 - |r|, Pearson's r over all samples",
    ),
]

"""What the cloud does with sums: adds them, and solves for a head. It learns the total and no single sum."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, Mismatch, TrainingProblem
from imveil.store.messages.head import Card, Head
from imveil.store.messages.round import Round
from imveil.store.messages.sum import Sum
from imveil.store.messages.table import Moments, gradient_of, moments_of
from imveil.store.messages.total import Total

F64 = npt.NDArray[np.float64]
_PRIME = (1 << 61) - 1  # as in keys/masks: shares of a blind round's check add up modulo this
METHODS = ("ridge", "balanced", "lda", "gradient")
_FEWEST = 0.05  # of a class, as a share of the mean: a smaller count may be noise, and no class weighs more


def add(sums: Sequence[Sum], round_: Round) -> Total:
    """The total of all owners' sums, whatever their order. Raises BadInput where one comes twice or is missing."""
    seen: set[str] = set()
    for one in sums:
        if one.owner in seen:
            raise BadInput(f"two sums are from {one.owner}: a total has one of each owner")
        seen.add(one.owner)
    missing = [owner for owner in round_.owners if owner not in seen]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise BadInput(
            f"{missing[0]}{more} sent no sum: without it the total is noise",
            hint="wait for it, or make a new round without that owner",
        )
    words = np.zeros_like(sums[0].words)
    for one in sums:
        words += one.words
    return Total(round_, words.view(np.int64), False, sum(one.tag for one in sums) % _PRIME)


def train(total: Total, *, method: str = "", ridge: float | None = None, start: Head | None = None,
          rate: float = 8.0, momentum: float = 0.9) -> Head:  # fmt: skip
    """The head that a total gives.

    Parameters
    ----------
    method
        "ridge" (default for moments), "balanced" (the same, as if each class had as many pictures) or "lda"; "gradient"
        is what later steps take.
    ridge
        Added to the second moments' diagonal; chosen from the noise unless given.
    start
        The head of the step before.

    Raises
    ------
    BadInput
    TrainingProblem
    Mismatch
    """
    if not total.readable:
        raise BadInput("this total is blind: only an owner can open it", hint="imveil sum open, with an identity")
    if not (ridge is None or 0 <= ridge < math.inf) or not 0 < rate < math.inf or not 0 <= momentum < 1:
        raise BadInput("a ridge of 0 or more, a rate above 0 and a momentum of 0 to 1 were needed")
    round_ = total.round
    chosen = method or ("gradient" if round_.gradient else "ridge")
    if chosen not in METHODS or (chosen == "gradient") != round_.gradient:
        takes = "gradient" if round_.gradient else "ridge, balanced or lda"
        raise BadInput(f"this total is trained by {takes}, not by {chosen!r}")
    if start is not None and not round_.gradient:
        raise BadInput("a head to go on from is for gradients, this total is one of moments", hint="leave out --from")
    if round_.gradient:
        return _stepped(total, start, rate, momentum)
    found = moments_of(total.words, round_)
    counts = found.classes[-1] / _bias(round_)
    pictures = max(0, round(float(counts.sum())))
    if not round_.privacy:
        for name, count in zip(round_.classes, counts, strict=True):
            if count <= 0:
                raise TrainingProblem(f"class {name!r} has no pictures in this total")
    if pictures < 1 or not 0 <= pictures <= 1 << 40:
        raise TrainingProblem("the total has no pictures that could be told from its noise", hint="a larger epsilon")
    weights = _lda(found, counts, round_, ridge) if chosen == "lda" else _ridge(found, round_, ridge)
    if chosen == "balanced":
        weights = weights * (counts.mean() / np.maximum(counts, _FEWEST * counts.mean()))
    return Head(weights, _card(total, chosen, pictures, 1))


def _ridge(found: Moments, round_: Round, ridge: float | None) -> F64:
    """(S + ridge) W = T."""
    second, noise = _cut(found.second, round_), _noise(round_)
    added = (0.7 * noise * math.sqrt(len(second)) if noise else 1.0) if ridge is None else ridge
    return _solved(second + added * np.eye(len(second)), found.classes)


def _lda(found: Moments, counts: F64, round_: Round, ridge: float | None) -> F64:
    """Linear discriminants from the same moments: class means, their pooled covariance, shares of classes."""
    bias, d = _bias(round_), round_.dim
    second = _cut(found.second, round_)
    counts = np.maximum(counts, 1.0)
    n = counts.sum()
    means = found.classes[:d] / counts
    within = (second[:d, :d] - (means * counts) @ means.T) / n
    added = ridge if ridge is not None else 0.7 * _noise(round_) * math.sqrt(d) / n if round_.privacy else 1e-3 / d
    axes = _solved(within + added * np.eye(d), means)
    offsets = np.log(counts / n) - 0.5 * (means * axes).sum(axis=0)
    return np.concatenate([axes, offsets[None] / bias])


def _stepped(total: Total, start: Head | None, rate: float, momentum: float) -> Head:
    """One step of gradient descent with momentum; with noise, the head is the mean over the planned second half."""
    round_ = total.round
    shape = (round_.dim + 1, len(round_.classes))
    if (start.digest if start else "") != round_.head:
        wanted = "the head that this round sent out" if round_.head else "no head"
        raise Mismatch(
            f"{wanted} was needed to go on from, {'another' if start else 'none'} came", hint="name it with --from"
        )
    at = start.point if start else np.zeros(shape)
    speed = start.state.get("speed", np.zeros(shape)) if start else np.zeros(shape)
    held = start.state.get("held", np.zeros(shape)) if start else np.zeros(shape)
    n = start.card.pictures if start and start.card.pictures else round_.about
    speed = momentum * speed + gradient_of(total.words, round_) / n
    at = at - rate * speed
    first = round_.steps // 2
    averaged = round_.privacy is not None and round_.step >= first  # noise cancels in a mean; exact steps need none
    held = held + at if averaged else held
    weights = held / (round_.step - first + 1) if averaged else at
    if not np.isfinite(weights).all():
        raise TrainingProblem("the head became infinite", hint="a smaller --rate")
    return Head(weights, _card(total, "gradient", n, round_.step + 1), {"at": at, "speed": speed, "held": held})


def _card(total: Total, method: str, pictures: int, steps: int) -> Card:
    round_ = total.round
    return Card(
        features=round_.features, classes=round_.classes, privacy=round_.privacy, study=round_.first.hex(),
        owners=len(round_.owners), method=method, steps=steps, pictures=pictures,
    )  # fmt: skip


def _bias(round_: Round) -> float:
    return math.trunc(round_.bias * 2.0**round_.bits) * 2.0**-round_.bits


def _noise(round_: Round) -> float:
    """The scale of the noise on the diagonal of the second moments, all owners together."""
    if not round_.privacy:
        return 0.0
    owners = len(round_.owners)
    p = round_.privacy
    more = owners if p.trust == "nobody" else owners / (owners - p.colluding)
    return round_.scale / p.weight * math.sqrt(more)


def _cut(second: F64, round_: Round) -> F64:
    """Second moments with what noise made negative cut off; as they are without noise."""
    if not round_.privacy:
        return second
    values, axes = np.linalg.eigh(second)
    return np.asarray((axes * np.maximum(values, 0)) @ axes.T, np.float64)


def _solved(a: F64, b: F64) -> F64:
    try:
        found = np.asarray(np.linalg.solve(a, b), np.float64)
    except np.linalg.LinAlgError as error:
        raise TrainingProblem("the moments cannot be solved", hint="a larger --ridge") from error
    if not np.isfinite(found).all():
        raise TrainingProblem("the head became infinite", hint="a larger --ridge")
    return found

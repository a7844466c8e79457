"""Key space, honestly: how many keys a scheme tells apart, how many there are, and what the best attack costs instead.

Four numbers belong together, and only the smallest of the first three counts: the size of the parameter space, the bits
of the seed that the parameters come from, and the cost of the best attack measured. The fourth, how many keys one core
can try in a second, turns bits into time. A key space of thousands of bits is no defence where a hundred cipher images
give the mask.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil import attacks
from imveil.errors import BadShape
from imveil.keys.key import SIZE, Key
from imveil.lab.evidence import BROKEN, RECOGNISABLE
from imveil.record import Record
from imveil.schemes.base import Scheme, Shape

SAMPLES = 256  # keys that the parameter space is counted from


@dataclass(frozen=True)
class KeySpace:
    """The four numbers. Bits are logarithms to base 2.

    Attributes
    ----------
    parameters
        Of how many different settings the scheme can have for images of this shape.
    seed
        Of the secret that they are derived from.
    attack
        Of the keys that brute force could try in the time of the best attack; None where no attack on record succeeds.
    attacked_by
        Which one, and with what.
    keys_per_second
        Tried on one core.
    """

    parameters: float
    seed: float
    attack: float | None
    attacked_by: str
    keys_per_second: float

    @property
    def effective(self) -> float:
        """The smallest of parameters, seed and attack."""
        return min(self.parameters, self.seed, math.inf if self.attack is None else self.attack)

    @property
    def years(self) -> float:
        """The logarithm to base 10 of the years that trying half of all effective keys takes on one core."""
        return (self.effective - 1) * math.log10(2) - math.log10(self.keys_per_second * 365.25 * 86400)


def key_space(scheme: Scheme, shape: Shape, records: Iterable[Record] = (), *, seconds: float = 0.3) -> KeySpace:
    """The key space of `scheme` for images of `shape` (h, w, c).

    Parameters
    ----------
    records
        Of kind "recovery", among which the best attack is looked for.
    seconds
        How long keys are tried.
    """
    rate = keys_per_second(scheme, shape, seconds=seconds)
    return KeySpace(parameter_bits(scheme, shape), 8.0 * SIZE, *attack_on(best_attack(scheme, records), rate), rate)


def parameter_bits(scheme: Scheme, shape: Shape) -> float:
    """The logarithm to base 2 of how many settings the material can have, counted from the material of many keys.

    Each array is taken for what it shows itself to be under `SAMPLES` keys: permutations, choices without repetition,
    bits of fixed weight, independent whole numbers, or real numbers in the range that is seen. Settings that encrypt
    alike are counted apart, so this is an upper end.

    >>> import imveil
    >>> round(parameter_bits(imveil.find("shf/1"), (8, 8, 3)), 2) == round(math.lgamma(49) / math.log(2), 2)
    True
    """
    keys = [Key(bytes(SIZE)).derive("key space", str(i)) for i in range(SAMPLES)]
    drawn = [scheme.material(key, shape) for key in keys]
    return sum(_bits(np.stack([_array(one[name]) for one in drawn])) for name in drawn[0])


def _array(material: Any) -> Any:
    return np.frombuffer(material, np.uint8) if isinstance(material, bytes) else np.asarray(material)


def _bits(drawn: Any) -> float:
    """Of one array of the material, (samples, ...)."""
    if (drawn == drawn[:1]).all():
        return 0.0
    if drawn.dtype.kind == "f":
        return _real_bits(drawn)
    rows = drawn.astype(np.int64).reshape(len(drawn), -1, drawn.shape[-1] if drawn.ndim > 1 else 1)
    count, length = int(rows.shape[1]), int(rows.shape[2])
    values = len(np.unique(rows))
    ordered = np.sort(rows, axis=2)
    if length > 1 and (np.diff(ordered, axis=2) > 0).all():  # permutations, or choices of `length` out of more
        span = int(rows.max()) + 1
        return count * (math.lgamma(span + 1) - math.lgamma(span - length + 1)) / math.log(2)
    if length > 1 and values == 2 and (ordered == ordered[:1, :1]).all():  # always as many of each
        return count * math.log2(math.comb(length, int((ordered[0, 0] == ordered[0, 0, 0]).sum())))
    return count * length * math.log2(values)


def _real_bits(drawn: Any) -> float:
    d = int(drawn.shape[-1]) if drawn.ndim == 3 else 0
    if d and drawn.shape[1] == d and np.allclose(drawn @ drawn.swapaxes(1, 2), np.eye(d), atol=1e-4):
        return 24.0 * d * (d - 1) / 2  # the free numbers of an orthogonal matrix, each with the bits of a float32
    bits = 0.0
    for column in drawn.reshape(len(drawn), -1).T:
        # As many as floating point tells apart in the range, at its coarsest; the range a little wider than was seen.
        span = float(column.max() - column.min()) * (len(column) + 1) / (len(column) - 1)
        bits += max(0.0, math.log2(span / float(np.spacing(np.abs(column).max()))))
    return bits


def keys_per_second(scheme: Scheme, shape: Shape, *, seconds: float = 0.3) -> float:
    """How many keys one core tries in a second of processor time: the plan of each key, and one image through it."""
    if 0 in shape:
        raise BadShape(f"images of shape {tuple(shape)} have no pixels")
    image = np.zeros((1, *shape), np.uint8)
    keys = (Key(bytes(SIZE)).derive("try", str(i)) for i in range(10**9))
    scheme.plan_from_material(shape, **scheme.material(next(keys), shape))(image)  # imports and compiles
    tried, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds or not tried:
        scheme.plan_from_material(shape, **scheme.material(next(keys), shape))(image)
        tried += 1
    return tried / max(spent, 1e-9)


def best_attack(scheme: Scheme, records: Iterable[Record]) -> Record | None:
    """The quickest attack on this scheme with these fields that finds the key, or what opens further images as well:
    with a recovery whose lower end is at least `BROKEN`. A scheme that loses something shows less to its owner, too:
    there it is `RECOGNISABLE`. Who chose from a gallery has found no key.
    """
    reached = BROKEN if scheme.traits.invertible else RECOGNISABLE
    found = [
        one
        for one in records
        if one.kind == "recovery"
        and one.facts.get("scheme") == scheme.id
        and {**scheme.config(), **one.facts.get("fields", {})} == scheme.config()
        and one.low >= reached
        and one.name in attacks.names()
        and attacks.find(one.name).finds_key
    ]
    return min(found, key=lambda one: one.seconds, default=None)


def attack_on(best: Record | None, rate: float) -> tuple[float | None, str]:
    """What the best attack costs, in bits of keys tried at `rate` a second, and in words; None and "" for no attack."""
    if best is None:
        return None, ""
    terms = best.facts.get("terms", {})
    held = ", ".join(f"{value} {name}" for name, value in terms.items() if name in best.facts.get("needs", ()))
    words = f"{best.name}{f' with {held}' if held else ''}, {best.seconds:.2g} s"
    return max(0.0, math.log2(max(best.seconds * rate, 1))), words

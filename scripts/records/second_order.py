"""Second order: unseen pictures undone by what cipher images of one key give away, or one image of its own key.

A set whose blocks change places may come out mirrored as a whole, which no statistic tells; the better of both is
scored, and which it was is written down.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

import imveil
from imveil.attacks.solvers.secondorder.moved import poses
from imveil.attacks.solvers.secondorder.prior import Prior
from imveil.attacks.solvers.secondorder.shared import scattered
from imveil.attacks.solvers.secondorder.solve import solve
from imveil.attacks.solvers.secondorder.units import to_units
from imveil.audit.game.challenger import challenger_of
from imveil.interval import wilson
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.metrics.ssim import ssim_or_negative
from imveil.record import Record

USUAL = "cifar10 test"
UNSEEN = 200
COUNTS = (10, 30, 100, 300, 1000, 5000)
BYTES = ("shf/1", "np-block/1", "le/1", "patch/1", "etc/1", "cpe-iib/1", "ele/1", "etc-inplace/1", "etc-grey/1")
SCHEMES = (*BYTES, "ffx/1", "orthogonal/1")
PIXELS = ("pixel-shuffle/1", {}), ("pixel-shuffle/1", {"unit": "sample"})
PADS = tuple((f"{name}-xor/1", {}) for name in ("logistic", "skew-tent", "henon", "lattice", "aes"))
WHOLE = (*PIXELS, *PADS, ("negpos/1", {"colors": False}))
ALONE = ("shf/1", "np-block/1", "le/1", "ffx/1", "orthogonal/1")
SIDES = (32, 64, 128, 224, 512)


@dataclass(frozen=True)
class Undone(Measurement):
    """The share of unseen pictures that come out exact, from `ciphers` cipher images of one key.

    public: so many other pictures of the same kind, whose statistics are taken for those that ship; 0 for these.
    unseen: pictures that are undone.   made: with the statistics of no pictures at all.
    """

    scheme: str
    ciphers: int
    fields: dict[str, Any] = field(default_factory=dict)
    data: str = USUAL
    public: int = 0
    unseen: int = UNSEEN
    made: bool = False
    kind: ClassVar[str] = "second-order"

    def facts(self) -> dict[str, Any]:
        """Scheme with all of its fields, cipher images, pictures."""
        asked = {name: value for name, value in vars(self).items() if name not in ("public", "made") or value}
        return {**asked, "fields": imveil.find(self.scheme, **self.fields).config()}

    def measure(self, seed: int) -> Record:
        """One key, other pictures for each seed; the time is that of the solver, on its process's clock."""
        scheme = imveil.find(self.scheme, **self.fields)
        pictures = samples.drawn(self.data, self.unseen + self.ciphers + self.public, seed)
        unseen, seen, public = np.split(pictures, [self.unseen, self.unseen + self.ciphers])
        prior = Prior.of(public) if self.public else Prior.made() if self.made else None
        hidden = challenger_of(scheme, seed, "second order")
        ciphers, targets = hidden.encrypt(seen, "seen"), hidden.encrypt(unseen, "unseen")
        unseen = scheme.returned(unseen)  # what the owner gets back himself
        begin = time.process_time()
        found = solve(ciphers, scheme=self.scheme, fields=scheme.config(), prior=prior, sure=False)
        seconds = time.process_time() - begin
        guess = unseen[:0] if found is None else found.undo(targets)
        ways = [] if found is None else [guess, guess[:, :, ::-1]]
        scores = [(float(ssim_or_negative(unseen, np.ascontiguousarray(way)).mean()), way) for way in ways]
        score, best = max(scores, key=lambda pair: pair[0], default=(0.0, unseen[:0]))
        same = _equal(unseen, best) if len(best) else np.zeros(self.unseen, bool)
        facts = {
            "ssim": round(score, 6),
            "mirrored": bool(ways) and best is not guess,
            "score": round(found.score, 4) if found else 0,
            "confidence": round(found.confidence, 4) if found else 0,
        }
        return self.measured("second-order", seed, {"found": facts}, **_share(same, seconds))

    def __str__(self) -> str:
        return f"second order, {self.scheme} {self.fields} from {self.ciphers}"


@dataclass(frozen=True)
class Alone(Measurement):
    """The median SSIM of photographs, each under a key of its own and undone from its one cipher image."""

    scheme: str
    side: int
    grey: bool = False
    fields: dict[str, Any] = field(default_factory=dict)
    kind: ClassVar[str] = "second-order-alone"

    def facts(self) -> dict[str, Any]:
        """Scheme with all of its fields, side of the pictures, colours."""
        fields = imveil.find(self.scheme, **self.fields).config()
        return {**vars(self), "fields": fields, "data": f"kodak, the middle {self.side} x {self.side}"}

    def measure(self, seed: int) -> Record:
        """The middle of 24 photographs; the quartiles, and how many come out exact up to sign."""
        scheme, scores, same, seconds = imveil.find(self.scheme, **self.fields), [], 0, 0.0
        for number, picture in enumerate(_middles(self.side, self.grey)):
            cipher = challenger_of(scheme, seed, f"alone {number}").encrypt(picture, "alone")
            begin = time.process_time()
            undo = solve(cipher, scheme=self.scheme, fields=scheme.config(), sure=False)
            seconds += time.process_time() - begin
            guess = np.full_like(picture, 128) if undo is None else undo.undo(cipher)
            scores.append(float(ssim_or_negative(picture, guess)[0]))
            same += int(_equal(picture, guess)[0])
        found, numbers = _quartiles(scores, same, seconds)
        unit = "median SSIM, of the better of picture and negative"
        return self.measured("second-order-alone", seed, {"found": found}, unit=unit, **numbers)

    def __str__(self) -> str:
        return f"one image, {self.scheme} {self.fields} at {self.side}{' grey' if self.grey else ''}"


@dataclass(frozen=True)
class Inside(Measurement):
    """The one order of samples inside all blocks of a photograph, where the blocks were moved too: share of places
    that are right, up to a turn of a block and the order of colours."""

    scheme: str
    side: int
    grey: bool = False
    kind: ClassVar[str] = "second-order-inside"

    def facts(self) -> dict[str, Any]:
        """Scheme with all of its fields, side of the pictures, colours."""
        fields = imveil.find(self.scheme).config()
        return {**vars(self), "fields": fields, "data": f"kodak, the middle {self.side} x {self.side}"}

    def measure(self, seed: int) -> Record:
        """The middle of 24 photographs; the truth is read off a picture that numbers the samples of a block."""
        scheme, shares, seconds, prior = imveil.find(self.scheme), [], 0.0, Prior.shipped()
        block = int(scheme.config()["block"])
        for number, picture in enumerate(_middles(self.side, self.grey)):
            hidden, channels = challenger_of(scheme, seed, f"alone {number}"), picture.shape[3]
            numbers = np.arange(block * block * channels, dtype=np.uint8).reshape(block, block, channels)
            count = self.side // block
            truth = to_units(hidden.encrypt(np.tile(numbers, (1, count, count, 1)), "alone"), block)[0, 0, 0]
            units = to_units(hidden.encrypt(picture, "alone"), block)
            begin = time.process_time()
            shown = truth[scattered(units, block, channels, prior)]
            seconds += time.process_time() - begin
            shares.append(max(float((shown == code).mean()) for code in poses(block, channels)))
        found, measured = _quartiles(shares, sum(share == 1 for share in shares), seconds)
        unit = "median share of places inside a block, up to a turn and the order of colours"
        return self.measured("second-order-inside", seed, {"found": found}, unit=unit, **measured)

    def __str__(self) -> str:
        return f"one image, inside the blocks of {self.scheme} at {self.side}{' grey' if self.grey else ''}"


@dataclass(frozen=True)
class Mistaken(Measurement):
    """In how many sets without one key something is found: noise, tried under a name and with no name, or two
    keys half and half, tried under the right name."""

    what: str
    sets: int = 100
    ciphers: int = 300
    kind: ClassVar[str] = "second-order-mistaken"

    def facts(self) -> dict[str, Any]:
        """What the sets are, how many, and of how many cipher images."""
        return {**vars(self), "data": USUAL}

    def measure(self, seed: int) -> Record:
        """The number of sets in which a plan was believed; the time of all."""
        begin, found = time.process_time(), 0
        for number in range(self.sets):
            name = BYTES[number % len(BYTES)]
            scheme = imveil.find("aes-ctr-control/1" if self.what == "noise" else name)
            pictures = samples.drawn(USUAL, self.ciphers, seed + number)
            if self.what == "noise":  # of the shape that its cipher images have
                pictures = challenger_of(imveil.find(name), seed + number, "mistaken").encrypt(pictures, "shape")
            keys = [challenger_of(scheme, seed + number, f"mistaken {half}") for half in range(2)]
            halves = [
                key.encrypt(some, "mistaken") for key, some in zip(keys, np.array_split(pictures, 2), strict=True)
            ]
            ciphers = np.concatenate(halves)
            named = solve(ciphers, scheme=name, fields=imveil.find(name).config())
            found += named is not None or (self.what == "noise" and solve(ciphers) is not None)
        low, high = wilson(found, self.sets)
        return self.measured(
            "second-order-mistaken", seed, value=found / self.sets, unit="share of sets in which something is found",
            n=self.sets, low=low, high=high, seconds=round(time.process_time() - begin, 3),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"second order, {self.sets} sets of {self.what}"


def _middles(side: int, grey: bool) -> Iterator[Any]:
    """(1, side, side, c) of each photograph; green alone where grey is asked for."""
    for photograph in samples.photographs():
        top, left = ((edge - side) // 2 for edge in photograph.shape[:2])
        picture = photograph[None, top : top + side, left : left + side]
        yield np.ascontiguousarray(picture[..., 1:2] if grey else picture)


def _quartiles(values: list[float], exact: int, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was found, and the numbers of a record: the median between the quartiles."""
    low, value, high = (round(float(one), 6) for one in np.quantile(values, [0.25, 0.5, 0.75]))
    numbers = {"value": value, "n": len(values), "low": low, "high": high, "seconds": round(seconds, 3)}
    return {"exact": exact, "least": round(min(values), 6)}, numbers


def _equal(truth: Any, guess: Any) -> Any:
    """(n,) whether pictures, or their negatives, are equal in every byte."""
    return (guess == truth).all(axis=(1, 2, 3)) | (255 - guess == truth).all(axis=(1, 2, 3))


def _share(same: Any, seconds: float) -> dict[str, Any]:
    value = float(same.mean())
    return {
        "value": value,
        "unit": "share of unseen pictures exact, up to one mirror of the set",
        "n": len(same),
        "low": value,
        "high": value,
        "seconds": round(seconds, 3),
    }


def curves() -> list[Measurement]:
    """Every scheme with one key, from few cipher images to many; other sides of blocks from a thousand; other pictures,
    of large ones those schemes that leave blocks in place."""
    found: list[Measurement] = [Undone(scheme, count) for count in COUNTS for scheme in SCHEMES]
    found += [Undone(scheme, 1000, {"block": b}) for b in (2, 8, 16) for scheme in ("shf/1", "np-block/1", "le/1")]
    found += [Undone(scheme, 1000, {"block": b}) for b in (2, 8, 16) for scheme in ("patch/1", "etc/1", "ele/1")]
    found += [Undone(scheme, 1000, made=True) for scheme in BYTES]
    found += [Undone("etc-grey/1", 1000, {"block": b}) for b in (4, 16)]
    found += [Undone("ffx/1", 1000, {"block": b}) for b in (2, 8, 16)]
    found += [Undone("orthogonal/1", 1000, {"block": b}) for b in (2, 8)]
    found += [Undone("cpe-iib/1", 1000, {"sub_block": 8}), Undone("patch/1", 1000, {"share": 0.5})]
    found += [Undone(scheme, 1000, data="kodak tiles of 64") for scheme in SCHEMES]
    still = ("shf/1", "np-block/1", "le/1", "ffx/1", "orthogonal/1")
    found += [Undone(scheme, 100, data="kodak tiles", unseen=44) for scheme in still]
    found += [Undone(scheme, 12, data="kodak tiles of 512", public=8, unseen=4) for scheme in still]
    found += [Undone(scheme, count, fields) for count in COUNTS for scheme, fields in (*PIXELS, PADS[0])]
    found += [Undone(scheme, 1000, fields) for scheme, fields in WHOLE if (scheme, fields) not in (*PIXELS, PADS[0])]
    found += [Undone(scheme, 1000, data="pneumoniamnist") for scheme in ("pixel-shuffle/1", "logistic-xor/1")]
    small = [scheme for scheme in SCHEMES if scheme not in ("cpe-iib/1", "etc-inplace/1", "etc-grey/1")]  # 28, grey
    return found + [
        Undone(scheme, 1000, data="pneumoniamnist", public=public) for public in (0, 1000) for scheme in small
    ]


def alone() -> list[Measurement]:
    """Every scheme that treats all blocks alike, on photographs of several sizes, in colour and grey."""
    sizes = [(side, grey) for side in SIDES for grey in (False, True)]
    found: list[Measurement] = [Alone(scheme, side, grey) for side, grey in sizes for scheme in ALONE]
    found += [Inside("patch/1", side, grey) for side, grey in sizes]
    return [*found, Mistaken("noise"), Mistaken("two keys")]

"""Campaigns: what is measured for the docs, by name, the games behind docs/attacks first.

The ladders of the harder attacks begin with the easiest case.

    for record in answers(CAMPAIGNS["curve"]()): ...

A ladder is climbed whole: every rung is measured and published, also those that fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from scripts.records.audits import AUDITS
from scripts.records.matrix import to_play
from scripts.records.outputs import outputs
from scripts.records.puzzles import rungs
from scripts.records.roads import ROADS, Road
from scripts.records.second_order import alone, curves
from scripts.records.small_sets import budgets, grid
from scripts.records.unfolds import trainings
from scripts.records.verdicts import VERDICTS
from scripts.records.windows import WINDOWS, Windowed

from imveil import attacks
from imveil.audit.game.split import Terms
from imveil.lab.measurement import Measurement
from imveil.lab.questions import FEW, TERMS, Question, questions

SEED, OLD, CONTROL = "logistic-xor/1", "negpos/1", "aes-ctr-control/1"
CURVE = (5, 10, 20, 30, 50, 100, 200, 500, 1000)
SOME = (5, 10, 30, 100)
PADS: list[tuple[str, dict[str, Any]]] = [
    (SEED, {"shuffle": False}),
    (SEED, {"index": "pixel"}),
    (SEED, {"quantiser": "floor256"}),
    (SEED, {"quantiser": "threshold"}),
    (OLD, {}),
    ("skew-tent-xor/1", {}),
    ("henon-xor/1", {}),
    ("lattice-xor/1", {}),
    ("aes-xor/1", {}),
]
"""What is a many-time pad beside the seed with its default fields: the shuffle off, each map and quantiser, the old
single value."""


@dataclass(frozen=True)
class Rung:
    """One step of a ladder. words: what it is; more words than the scheme's name and its fields."""

    words: str
    question: Question


def _order(words: str, scheme: str, ciphers: int, public: bool, data: str = "cifar10 test", **fields: Any) -> Rung:
    attack = "fixed-permutation-public" if public else "fixed-permutation"
    return Rung(words, Question(attack, scheme, fields, data, replace(TERMS, ciphers=ciphers)))


def _inverse(words: str, scheme: str, kind: str = "", **fields: Any) -> Rung:
    return Rung(words, Question(f"inverse-net{kind}", scheme, fields, terms=FEW))


def _puzzle(words: str, scheme: str, block: int, data: str = "kodak tiles", **fields: Any) -> Rung:
    attack = "jigsaw-grey" if scheme == "etc-grey/1" else "jigsaw"
    return Rung(words, Question(attack, scheme, {**fields, "block": block}, data, FEW))


PIXELS, SAMPLES = "pixel-shuffle/1", {"unit": "sample"}
GREY = "pneumoniamnist"
LADDERS: dict[str, list[Rung]] = {
    "fixed-permutation": [
        _order("a tenth of the 4x4 blocks moved", "patch/1", 1000, False, pixels=False, share=0.1),
        _order("all 4x4 blocks moved", "patch/1", 1000, False, pixels=False),
        _order("all pixels of 32x32, from many images", PIXELS, 5000, False),
        *(_order(f"all pixels of 32x32, from {n:,}", PIXELS, n, False) for n in (1000, 300, 100, 30)),
        _order("all pixels of grey pictures of 28x28", PIXELS, 1000, False, GREY),
        *(
            _order(f"all samples, the colours of a pixel part, from {n:,}", PIXELS, n, False, **SAMPLES)
            for n in (5000, 1000, 300)
        ),
    ],
    "fixed-permutation-public": [
        _order("a tenth of the 4x4 blocks moved", "patch/1", 1000, True, pixels=False, share=0.1),
        _order("all 4x4 blocks moved", "patch/1", 1000, True, pixels=False),
        _order("samples inside 4x4 blocks, the same in all", "shf/1", 1000, True),
        _order("all pixels of grey pictures of 28x28", PIXELS, 1000, True, GREY),
        *(_order(f"all pixels of 32x32, from {n:,}", PIXELS, n, True) for n in (5000, 1000, 300, 100, 30)),
        _order("samples and blocks of 4x4", "patch/1", 1000, True),
        *(_order(f"all samples, from {n:,}", PIXELS, n, True, **SAMPLES) for n in (5000, 1000)),
    ],
    "jigsaw": [
        *(_puzzle(f"{b}x{b} blocks moved", "patch/1", b, pixels=False) for b in (32, 16, 8)),
        _puzzle("samples inside 8x8 blocks, the same in all", "shf/1", 8),
        _puzzle("samples inside 8x8 blocks, the same in all, and blocks moved", "patch/1", 8),
        *(_puzzle(f"{b}x{b} blocks moved, turned, inverted, recoloured", "etc/1", b) for b in (32, 16, 8)),
        _puzzle("4x4 blocks of 32x32 moved", "patch/1", 4, "cifar10 test", pixels=False),
        _puzzle("samples inside 4x4 blocks of 32x32, the same in all", "shf/1", 4, "cifar10 test"),
        _puzzle("4x4 blocks of 32x32 moved, turned, inverted, recoloured", "etc/1", 4, "cifar10 test"),
    ],
    "jigsaw-grey": [
        *(_puzzle(f"planes in one, {b}x{b} blocks moved, turned, inverted", "etc-grey/1", b) for b in (32, 16, 8)),
        _puzzle("the same, 8x8 blocks of 32x32", "etc-grey/1", 8, "cifar10 test"),
    ],
    "inverse-net": [
        _inverse("pixels inverted and recoloured, each in its own way", OLD),
        _inverse("half of a block's samples inverted, the same in all", "np-block/1"),
        _inverse("samples of blocks shuffled, the same in all", "shf/1"),
        _inverse("nibbles of blocks shuffled and inverted, the same in all", "le/1"),
        _inverse("the same, with a key for each block, and blocks moved", "ele/1"),
        _inverse("blocks moved, and nothing else", "patch/1", pixels=False),
        _inverse("blocks moved, turned, inverted, recoloured", "etc/1"),
        _inverse("every sample XORed with its own byte", SEED),
    ],
    "inverse-net-moved": [
        _inverse("nibbles of blocks shuffled and inverted, the same in all", "le/1", "-moved"),
        _inverse("blocks moved, and nothing else", "patch/1", "-moved", pixels=False),
        _inverse("blocks moved, turned, inverted, recoloured", "etc/1", "-moved"),
        _inverse("nibbles shuffled with a key for each block, and blocks moved", "ele/1", "-moved"),
    ],
    "inverse-net-fresh": [
        _inverse("half of a block's samples inverted, the same in all", "np-block/1", "-fresh"),
        _inverse("samples of blocks shuffled, the same in all", "shf/1", "-fresh"),
        _inverse("pixels inverted and recoloured, each in its own way", OLD, "-fresh"),
        _inverse("nibbles of blocks shuffled and inverted, the same in all", "le/1", "-fresh"),
        _inverse("blocks moved, turned, inverted, recoloured", "etc/1", "-fresh"),
    ],
}


def _each(found: Iterable[Question]) -> list[list[Question]]:
    """Ladders of one rung, so that none is left early."""
    return [[one] for one in found]


def _quick(schemes: Iterable[str] = (), data: str = "cifar10 test") -> list[list[Question]]:
    """What every scheme is asked, without attacks that train or search."""

    def quick(name: str) -> bool:
        attack = attacks.find(name)
        return not attack.steps and not attack.slow

    return [ladder for ladder in questions(schemes, data) if quick(ladder[0].attack)]


def _elsewhere(data: str) -> list[list[Question]]:
    """The seed, the old method and the control on other pictures: with their default fields, and a key an image."""
    return [ladder for ladder in _quick([SEED, OLD, CONTROL], data) if ladder[0].fields in ({}, {"per_image": True})]


def _curve() -> list[list[Question]]:
    """Recovery against cipher images: the seed's curve whole, with and without a prior; of every other pad some."""
    alone, public = "many-time-pad", "many-time-pad-public"
    seed = [Question(one, SEED, terms=replace(TERMS, ciphers=n)) for one in (alone, public) for n in CURVE]
    rest = [Question(alone, id, fields, terms=replace(TERMS, ciphers=n)) for id, fields in PADS for n in SOME]
    return _each(seed + rest)


def _sizes() -> list[list[Question]]:
    """What one known picture of another size opens: every scheme that reads one stream, sample after sample."""
    known = [(SEED, {}), *PADS, ("pixel-shuffle/1", {}), ("negpos/1", {"colors": False})]
    return _each(Question("pad-across-sizes", id, fields) for id, fields in known)


def _unfold() -> list[list[Question]]:
    """What the net shows of pictures of several sizes."""
    many = [Question("unfold", OLD, {"per_image": True, **more}) for more in ({}, {"colors": False})]
    return _each([*many, *(replace(one, data="kodak tiles", terms=Terms(targets=24)) for one in many)])


def _learned() -> list[list[Question]]:
    """Whose cipher image is whose, for schemes that give each image a key or an order of its own, and for others."""
    asked = [(OLD, {"per_image": True}), ("pevit-rs/1", {}), ("ldp-slicing/1", {}), ("patch/1", {}), ("etc/1", {})]
    return _each(Question("link-learned", id, fields) for id, fields in [*asked, (CONTROL, {})])


def _feedback() -> list[list[Question]]:
    """Chained substitution under chosen pictures: more rounds, other sizes."""
    rounds = [Question("feedback-table", "diffuse/1", {"rounds": n} if n != 2 else {}) for n in (2, 1, 3, 4)]
    sizes = [Question("feedback-table", "diffuse/1", data=data) for data in (GREY, "kodak tiles of 64")]
    return _each(rounds + sizes)


def _climb(name: str) -> list[list[Question]]:
    return _each(rung.question for rung in LADDERS[name])


CAMPAIGNS: dict[str, Callable[[], Sequence[Sequence[Measurement]]]] = {
    "windows": lambda: [[Windowed(window)] for window in WINDOWS],
    "schemes": _quick,
    "curve": _curve,
    "photographs": lambda: _elsewhere("kodak tiles"),
    "grey": lambda: _elsewhere(GREY),
    **{name: partial(_climb, name) for name in LADDERS},
    "audits": lambda: [[one] for one in AUDITS],
    "verdicts": lambda: [[one] for one in VERDICTS],
    "puzzles": lambda: [[rung] for rung in rungs()],
    "second-order": lambda: [[one] for one in curves()],
    "second-order-alone": lambda: [[one] for one in alone()],
    "feedback-table": _feedback,
    "link-learned": _learned,
    "pad-across-sizes": _sizes,
    "unfold": _unfold,
    "unfold-trainings": lambda: [[one] for one in trainings()],
    "adapter-outputs": lambda: [[one] for one in outputs()],
    "roads": lambda: [[Road(name)] for name in ROADS],
    "small-sets": lambda: [[one] for one in budgets()],
    "small-sets-grid": lambda: [[one] for one in grid()],
    "matrix": to_play,
}
ONCE = {  # measured under one seed
    "audits", "matrix", "puzzles", "roads", "second-order-alone", "small-sets", "small-sets-grid", "verdicts",
}  # fmt: skip

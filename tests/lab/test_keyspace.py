"""Key spaces: the papers' formulas, the honest smallest number, and which attack counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import imveil
from imveil.errors import BadShape
from imveil.lab.bench.keyspace import KeySpace, best_attack, key_space, keys_per_second, parameter_bits
from imveil.plans.plan import Plan
from imveil.record import Record, measured
from imveil.schemes.base import Scheme

SHAPE = (32, 32, 3)


def factorial(n: int) -> float:
    return math.log2(math.factorial(n))


FORMULAS = {
    "plain/1": 0,
    "aes-xor/1": 8 * 3072,
    "le/1": factorial(96),
    "ele/1": 64 * factorial(96) + factorial(64),
    # Four flips and four turns name each of the eight orientations twice: material counts 16, the paper 8.
    "etc/1": factorial(64) + 64 * (math.log2(16) + 1 + math.log2(6)),
    "negpos/1": 3072 + 1024 * math.log2(6),
    "np-block/1": math.log2(math.comb(48, 23)),
    "shf/1": factorial(48),
    "patch/1": factorial(48) + factorial(64),
}


@pytest.mark.parametrize("id", FORMULAS)
def test_parameter_spaces_are_those_of_the_papers(id: str) -> None:
    assert parameter_bits(imveil.find(id), SHAPE) == pytest.approx(FORMULAS[id])


def test_real_numbers_count_by_their_grid() -> None:
    bits = parameter_bits(imveil.find("logistic-xor/1", shuffle=False), SHAPE)
    # x0 in (0, 1) on 2^-53, r in [3.9999, 4) on 2^-51.
    assert bits == pytest.approx(53 + 51 + math.log2(1e-4), abs=0.5)


@pytest.mark.parametrize("id", imveil.schemes.names())
def test_every_scheme_has_a_key_space(id: str) -> None:
    scheme = imveil.find(id, **({"block": 2} if id == "orthogonal/1" else {}))  # larger matrices take their time
    channels = scheme.traits.channels
    shape = (*2 * (scheme.traits.tile * 2,), 3 if channels is None or 3 in channels else channels[0])
    found = key_space(scheme, shape, seconds=0)
    assert found.parameters >= 0
    assert found.seed == 256
    assert found.keys_per_second > 0
    assert found.effective <= 256


@dataclass(frozen=True)
class Coins(Scheme):
    """Material of every kind that is counted: fair bits, a die, a choice of 3 out of 10, a constant."""

    id: ClassVar[str] = "coins/1"
    paper: ClassVar[str] = "none"

    def material(self, key: Any, shape: Any) -> dict[str, Any]:
        del shape
        stream = key.derive("coins").stream()
        return {
            "bits": stream.below(2, 40),
            "die": stream.below(6, 1)[0],
            "few": stream.permutation(10)[:3],
            "same": np.arange(5),
        }

    def plan_from_material(self, shape: Any, **material: Any) -> Plan:
        del shape, material
        return Plan()


def test_each_kind_of_material_is_counted() -> None:
    assert parameter_bits(Coins(), SHAPE) == pytest.approx(40 + math.log2(6) + math.log2(10 * 9 * 8))
    with pytest.raises(BadShape, match="no pixels"):
        keys_per_second(Coins(), (0, 4, 3))


def recovery(scheme: str, low: float, seconds: float, **fields: Any) -> Record:
    return measured(
        kind="recovery",
        name="known-plan",
        digest="0",
        facts={"scheme": scheme, "fields": fields, "needs": ["pairs"], "terms": {"pairs": 1, "targets": 20}},
        value=1.0,
        unit="",
        n=20,
        low=low,
        high=1.0,
        seconds=seconds,
    )


def test_the_best_attack_is_the_quickest_that_succeeds_on_this_very_scheme() -> None:
    scheme = imveil.find("negpos/1")
    records = [
        recovery("negpos/1", 1.0, 5.0),
        recovery("negpos/1", 0.95, 0.5, per_image=False),
        recovery("negpos/1", 0.2, 0.1),
        recovery("negpos/1", 1.0, 0.1, per_image=True),
        recovery("le/1", 1.0, 0.1),
    ]
    assert best_attack(scheme, records) is records[1]
    found = key_space(scheme, SHAPE, records, seconds=0)
    assert found.attack == pytest.approx(max(0.0, math.log2(max(0.5 * found.keys_per_second, 1))))
    assert found.effective == found.attack
    assert found.attacked_by == "known-plan with 1 pairs, 0.5 s"
    assert best_attack(scheme, records[2:]) is None


def test_years_are_those_of_half_the_keys() -> None:
    year = 365.25 * 86400
    assert KeySpace(33.0, 256.0, None, "", 2**32 / year).years == pytest.approx(0)
    assert KeySpace(500.0, 256.0, None, "", 1.0).effective == 256
    assert KeySpace(500.0, 256.0, 12.0, "x", 1.0).effective == 12

"""Chaotic maps: known answers from the slow references, both ways of stepping, laws, and what is refused."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imveil.errors import BadField, BadMaterial
from imveil.schemes.chaos import loops, orbit
from imveil.schemes.chaos.maps import Henon, Lattice, SkewTent
from imveil.schemes.chaos.orbit import QUANTISERS, WINDOWS, ChaoticMap, Logistic, open_unit, sequence

VECTORS = Path(__file__).parents[2] / "vectors" / "orbits"
MAPS: dict[str, tuple[ChaoticMap, tuple[str, ...]]] = {
    "logistic": (Logistic(), ("x0", "r")),
    "skew-tent": (SkewTent(), ("x0", "p")),
    "henon": (Henon(), ("x0", "y0")),
    "lattice": (Lattice(), ("x0", "r")),
}
KNOWN = {name: json.loads((VECTORS / f"{name}.json").read_text()) for name in MAPS}
CASES = [pytest.param(name, i, id=f"{name}-{i}") for name, cases in KNOWN.items() for i in range(len(cases))]
every = pytest.mark.parametrize("name", MAPS)
# Words as a key stream gives them: uniform. The few that round to a weak start have a test of their own.
words = st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).integers(0, 2**64, 9, np.uint64).tolist())


def case(name: str, i: int) -> tuple[ChaoticMap, dict[str, Any], Any]:
    found = KNOWN[name][i]
    start = [[float.fromhex(x) for x in p] if isinstance(p, list) else float.fromhex(p) for p in found["start"]]
    source, names = MAPS[name]
    return source, dict(zip(names, start, strict=True)), found


def drawn(name: str, given: list[int]) -> tuple[ChaoticMap, dict[str, Any]]:
    source = MAPS[name][0]
    return source, source.from_words(given[: source.words])


@pytest.fixture(params=["python", "compiled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of stepping: plain Python where numba is not loaded, machine code where it is."""
    modules = {} if request.param == "python" else {"numba": None}
    monkeypatch.setattr(orbit, "sys", SimpleNamespace(modules=modules))
    if request.param == "python":
        monkeypatch.setattr(loops, "compiled", lambda _: pytest.fail("a small orbit was compiled"))
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("name", "i"), CASES)
def test_known_answers_over_a_million_numbers(name: str, i: int) -> None:
    source, start, known = case(name, i)
    numbers = source.orbit(known["numbers"], burn_in=0, **start)
    assert [float(x).hex() for x in numbers[:9]] == known["first"]
    assert float(numbers[-1]).hex() == known["last"]
    assert hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest() == known["sha256"]
    for quantiser, answer in known["bytes"].items():
        found = sequence(source, known["numbers"], burn_in=0, quantiser=quantiser, **start).tobytes()
        assert found[:16].hex() == answer["first"]
        assert hashlib.sha256(found).hexdigest() == answer["sha256"]


@every
def test_machine_code_fuses_nothing(name: str) -> None:
    import numba

    ours: Any = loops.compiled(MAPS[name][0].loop)
    loop = numba.jit(**ours.targetoptions)(ours.py_func)  # afresh: code from the cache cannot be inspected
    loop(*(np.full(8, 0.25) for _ in range(3)))
    code = "".join(loop.inspect_asm().values())
    assert re.search("mul|div", code)
    assert not re.search("f(n?m(add|sub)|m(la|ls))", code)


@every
@given(given_words=words, count=st.sampled_from([0, 1, 7, 8, 9, 4095, 4096, 4097, 9001]), burn_in=st.integers(0, 5000))
def test_burn_in_drops_steps_and_nothing_else(name: str, given_words: list[int], count: int, burn_in: int) -> None:
    source, start = drawn(name, given_words)
    dropped = burn_in * source.width
    whole = source.orbit(dropped + count, burn_in=0, **start)
    np.testing.assert_array_equal(source.orbit(count, burn_in=burn_in, **start), whole[dropped:])
    assert ((whole >= 0) & (whole <= 1)).all()
    for quantiser in QUANTISERS:
        long = sequence(source, count + 5, burn_in=burn_in, quantiser=quantiser, **start)
        short = sequence(source, count, burn_in=burn_in, quantiser=quantiser, **start)
        np.testing.assert_array_equal(short, long[:count])


@every
@given(given_words=words)
def test_what_words_give_is_never_refused(name: str, given_words: list[int]) -> None:
    source, start = drawn(name, given_words)
    source.check(**start)


@given(st.integers(0, 2**64 - 1))
def test_numbers_from_words_are_rounded_step_by_step(word: int) -> None:
    """The formulas of docs/spec/chaos.md with fractions, rounded after every step."""

    def rounded(x: Fraction) -> Fraction:
        return Fraction(float(x))

    top, unit = Fraction(word >> 11), Fraction(1, 2**53)
    s = rounded(rounded(top + Fraction(1, 2)) * unit)
    assert open_unit(word) == s

    def line(start: float, length: float) -> Fraction:
        return rounded(Fraction(start) + rounded(rounded(Fraction(length) * top) * unit))

    assert Logistic().from_words([word, word]) == {"x0": s, "r": line(3.9999, 0.0001)}
    assert SkewTent().from_words([word, word]) == {"x0": s, "p": line(0.25, 0.2)}
    x0, y0 = rounded(2 * s - 1), rounded(rounded(Fraction(0.2) * s) - Fraction(0.1))
    assert Henon().from_words([word, word]) == {"x0": x0, "y0": y0}
    lattice = Lattice().from_words([word] * 9)
    assert lattice["x0"].tolist() == [s] * 8
    assert lattice["r"] == line(3.9999, 0.0001)


@pytest.mark.parametrize("top", [2**53 - 1, 2**52, 3 * 2**51 - 1, 3 * 2**51])
def test_the_few_words_that_round_to_a_weak_start_are_refused(top: int) -> None:
    start = Logistic().from_words([top << 11, 0])
    assert start["x0"] in (0.5, 0.75, 1.0)
    with pytest.raises(BadMaterial, match="x0"):
        Logistic().check(**start)


RING = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.85, 0.95]
WEAK = [
    *(("logistic", {"x0": x, "r": 4.0}) for x in (0, 1, -0.1, 1.1, 0.5, 0.75, 0.25, float("nan"), float("inf"))),
    *(("logistic", {"x0": x, "r": 3.9}) for x in (0.5, 0.75, 0.25, 1 - 1 / 3.9)),
    *(("logistic", {"x0": 0.1, "r": r}) for r in (3.57, 3.0, 4.0000001, float("nan"), -4.0)),
    *(("logistic", {"x0": 0.1, "r": r}) for low, high, _ in WINDOWS for r in (low, (low + high) / 2, high)),
    *(("skew-tent", {"x0": x, "p": 0.4}) for x in (0, 1, 0.4, 1 / 1.6, 0.4 / 1.6, float("nan"))),
    *(("skew-tent", {"x0": 0.1, "p": p}) for p in (0, 1, 0.5, 0.4901, 0.5099, 0.01, 0.99, float("nan"))),
    *(("henon", {"x0": x, "y0": 0.0}) for x in (1.01, -1.01, float("nan"))),
    *(("henon", {"x0": 0.1, "y0": y}) for y in (0.11, -0.11, float("nan"))),
    *(("lattice", {"x0": x, "r": 3.99995}) for x in ([0.3] * 8, [0.1, 0.2] * 4, [0.1, 0.2, 0.3, 0.4] * 2)),
    ("lattice", {"x0": [0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1], "r": 3.99995}),
    ("lattice", {"x0": [0.1, 0.2, 0.3, 0.4, 0.45, 0.4, 0.3, 0.2], "r": 3.99995}),
    ("lattice", {"x0": [0.25, 0.125, 0.375, 0.4375, 0.75, 0.875, 0.625, 0.5625], "r": 3.99995}),
    *(("lattice", {"x0": [*RING[:7], x], "r": 3.99995}) for x in (0.0, 1.0, float("nan"))),
    *(("lattice", {"x0": RING, "r": r}) for r in (3.5, 3.83, 4.01)),
    *(("logistic", {"x0": x, "r": 3.99}) for x in ("0.1", None, [0.1], 0.1j, True)),
    *(("lattice", {"x0": x, "r": 3.99}) for x in (RING[:7], 0.1, [RING], ["0.1"] * 8)),
]


@pytest.mark.parametrize(("name", "start"), WEAK)
def test_weak_and_malformed_material_is_refused(name: str, start: dict[str, Any]) -> None:
    source = MAPS[name][0]
    with pytest.raises(BadMaterial) as error:
        source.orbit(10, burn_in=0, **start)
    limits = {str(x) for low, high, _ in WINDOWS for x in (low, high)} | {"0.01", "0.99", "3.57"}
    shown = set(re.findall(r"[-+.\w]+", str(error.value))) - limits
    assert not shown & {str(value) for value in start.values() if isinstance(value, float)}, "it shows key material"


def test_an_unknown_quantiser_is_refused() -> None:
    with pytest.raises(BadField, match="mantissa"):
        sequence(Logistic(), 1, burn_in=0, quantiser="floor", x0=0.1, r=4.0)


def bands(r: float, period: int) -> int:
    """Into how many separate stretches the numbers of an orbit fall that are `period` steps apart."""
    numbers, x = [], 0.3
    for n in range(60_000):
        x = (r * x) * (1 - x)
        if n >= 10_000:
            numbers.append(x)
    parts = sorted((min(numbers[k::period]), max(numbers[k::period])) for k in range(period))
    return 1 + sum(high < low for (_, high), (low, _) in pairwise(parts))


@pytest.mark.parametrize("window", WINDOWS)
def test_windows_begin_and_end_where_they_are_said_to(window: tuple[float, float, int]) -> None:
    low, high, period = window
    for share in (0.001, 0.1, 0.3, 0.6, 0.9, 0.999):
        assert bands(low + share * (high - low), period) == period
    wide = high - low
    assert wide > 0.001
    assert bands(low - 0.05 * wide, period) < period
    assert bands(high + 0.05 * wide, period) < period


def test_half_shifts_all_digits_out() -> None:
    out = np.empty(60)
    loops.skew_tent(np.array([0.1]), np.array([0.5]), out)
    assert out[-1] == 0
    loops.skew_tent(np.array([0.1]), np.array([0.49]), out)
    assert out[-1] != 0


def test_symmetric_rings_stay_symmetric() -> None:
    out = np.empty(8 * 1000)
    loops.lattice(np.array([0.1, 0.2, 0.3, 0.4] * 2), np.array([3.99995, 0.95, 0.025]), out)
    rings = out.reshape(-1, 8)
    np.testing.assert_array_equal(rings[:, :4], rings[:, 4:])


def test_importing_the_maps_loads_no_numba() -> None:
    code = (
        "import sys, imveil.schemes.chaos.maps; from imveil.schemes.chaos.orbit import Logistic, sequence;"
        "sequence(Logistic(), 1000, burn_in=100, quantiser='mantissa', x0=0.1, r=4.0);"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_specification_lists_the_same_windows() -> None:
    text = (Path(__file__).parents[2] / "docs" / "spec" / "chaos.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (3\.\d{6}) \| (3\.\d{6}) \| (\d+) \|$", text, re.MULTILINE)
    assert tuple((float(low), float(high), int(period)) for low, high, period in rows) == WINDOWS

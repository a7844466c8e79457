"""SP 800-22: NIST's published p-values in all digits, slow re-implementations, and streams that must fail."""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special
import scipy.stats

import imveil
from imveil.errors import BadDtype, BadShape
from imveil.lab.bench.sequences import chaotic, draw
from imveil.metrics.sp800_22 import bits_of, sp80022, sums, words
from imveil.metrics.sp800_22.special import chi_square_tail, normal_tail

N = 1_000_000
NAMES = (
    "frequency",
    "block frequency",
    "runs",
    "longest run",
    "rank",
    "dft",
    "cumulative sums forward",
    "cumulative sums backward",
    "serial",
    "approximate entropy",
    "universal",
)
# SP 800-22 rev. 1a, appendix B, for the first 10^6 bits, integer part included.
PUBLISHED = {
    "pi": ".578211 .380615 .419268 .024390 .083553 .010186 .628308 .663369 .143005 .361595 .669012",
    "e": ".953749 .211072 .561917 .718945 .306156 .847187 .669886 .724265 .766182 .700073 .282568",
    "sqrt2": ".811881 .833222 .313427 .012117 .823810 .581909 .879009 .957206 .861925 .884740 .130805",
    "sqrt3": ".610051 .473961 .261123 .446726 .314498 .776046 .917121 .689519 .157500 .180481 .165981",
}


@cache
def expansion(name: str) -> Any:
    """The first 10^6 bits of the binary expansion, computed here."""
    with mpmath.workprec(N + 40):
        made = {"pi": lambda: +mpmath.pi, "e": lambda: +mpmath.e}
        value = made[name]() if name in made else mpmath.sqrt(int(name[-1]))
        whole = int(mpmath.floor(value)).bit_length()
        digits = int(mpmath.floor(mpmath.ldexp(value, N - whole)))
    return np.unpackbits(np.frombuffer(digits.to_bytes(N // 8, "big"), np.uint8))


@pytest.mark.parametrize("name", PUBLISHED)
def test_p_values_are_those_that_nist_printed(name: str) -> None:
    found = sp80022(expansion(name))
    want = dict(zip(NAMES, PUBLISHED[name].split(), strict=True))
    assert {key: f"{found[key]:.6f}".lstrip("0") for key in NAMES} == want


def test_tails_are_those_of_scipy() -> None:
    for degrees in (1, 2, 3, 6, 255, 7812, 7813, 16384, 32768):
        for x in (0.0, 0.01, degrees * 0.5, degrees - 1.0, degrees + 0.0, degrees * 1.1, degrees * 4.0):
            want = scipy.special.gammaincc(degrees / 2, x / 2)
            assert chi_square_tail(x, degrees) == pytest.approx(want, rel=1e-9, abs=1e-14)
    for x in (0.0, 0.5, -1.96, 3, 10):
        assert normal_tail(x) == pytest.approx(2 * scipy.stats.norm.sf(abs(x)))


def rank_by_hand(rows: list[int]) -> int:
    basis: list[int] = []
    for row in rows:
        for one in basis:
            row = min(row, row ^ one)
        if row:
            basis.append(row)
    return len(basis)


def test_rank_universal_and_longest_run_by_hand() -> None:
    bits = expansion("sqrt2")[:400_000]
    text = "".join(map(str, bits.tolist()))

    ranks = [
        rank_by_hand([int(text[i + 32 * j : i + 32 * (j + 1)], 2) for j in range(32)]) for i in range(0, 399_360, 1024)
    ]
    seen = [ranks.count(32), ranks.count(31), len(ranks) - ranks.count(32) - ranks.count(31)]
    # Probabilities of sec. 3.5, from the limit of infinite matrices.
    limit = np.prod([1 - 0.5**i for i in range(1, 60)])
    expected = len(ranks) * np.array([limit, 2 * limit, 1 - 3 * limit])
    assert words.rank(bits) == pytest.approx(scipy.stats.chisquare(seen, expected).pvalue, abs=1e-6)

    last, total, tested = {}, 0.0, 0
    for i in range(len(text) // 6):
        word = text[6 * i : 6 * i + 6]
        if i >= 640:
            total, tested = total + np.log2(i + 1 - last.get(word, 0)), tested + 1
        last[word] = i + 1
    c = 0.7 - 0.8 / 6 + (4 + 32 / 6) * tested ** (-3 / 6) / 15
    z = (total / tested - 5.2177052) / (c * np.sqrt(2.954 / tested))
    assert words.universal(bits) == pytest.approx(2 * scipy.stats.norm.sf(abs(z)))

    runs = [max(map(len, text[i : i + 128].split("0"))) for i in range(0, 400_000, 128)]
    seen = [sum(min(max(run, 4), 9) == k for run in runs) for k in range(4, 10)]
    chances = np.array([0.1174, 0.2430, 0.2493, 0.1752, 0.1027, 0.1124])
    statistic = float(((seen - len(runs) * chances) ** 2 / (len(runs) * chances)).sum())
    assert words.longest_run(bits) == pytest.approx(scipy.stats.chi2.sf(statistic, 5))


def test_p_values_of_random_streams_are_uniform() -> None:
    """40 streams of AES-CTR, cut short for speed where a test allows it: no p-value is too small too often."""
    stream = imveil.Key(bytes(32)).derive("test", "sp800-22").stream()
    tests = [sums.frequency, sums.block_frequency, sums.runs, sums.dft, words.longest_run, words.rank]
    tests += [
        lambda b: words.serial(b, 9)[0],
        lambda b: words.serial(b, 9)[1],
        lambda b: words.approximate_entropy(b, 6),
    ]
    for test in tests:
        values = [test(bits_of(stream.bytes(8192))) for _ in range(40)]
        assert scipy.stats.kstest(values, "uniform").pvalue > 0.001, test


BAD = {
    "zeros": (
        lambda: np.zeros(N, np.uint8),
        {"frequency", "block frequency", "runs", "longest run", "rank", "universal"},
    ),
    "alternating": (lambda: np.arange(N, dtype=np.uint32) % 2, {"runs", "longest run", "dft", "serial", "universal"}),
    "mask of 16 bytes": (
        lambda: np.unpackbits(np.tile(np.frombuffer(imveil.Key(bytes(32)).stream().bytes(16), np.uint8), 7813))[:N],
        {"dft", "rank", "serial", "universal", "approximate entropy"},
    ),
    "51 % ones": (
        lambda: (np.random.default_rng(0).random(N) < 0.51).astype(np.uint8),
        {"frequency", "runs", "cumulative sums forward", "cumulative sums backward"},
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_streams_fail(name: str) -> None:
    make, fails = BAD[name]
    found = sp80022(make())
    assert fails <= {test for test, p in found.items() if p < 0.01}
    assert all(0 <= p <= 1 for p in found.values())


COARSE = [("logistic-xor/1", "floor256"), ("logistic-xor/1", "threshold")]


@pytest.mark.parametrize(
    ("scheme", "quantiser"), [("aes-xor/1", "none"), *((c, "mantissa") for c in chaotic()), *COARSE]
)
def test_any_stream_can_be_judged_and_a_coarse_quantiser_is_seen(scheme: str, quantiser: str) -> None:
    made = draw(scheme, quantiser, False, imveil.Key(bytes(32)))[: N // 8]
    found = sp80022(made.tobytes())
    assert (min(found.values()) >= 0.0001) is ((scheme, quantiser) not in COARSE), found


def test_a_stream_is_bytes_or_bits_and_long_enough() -> None:
    with pytest.raises(BadShape, match="needs 1,000,000 bits, got 8"):
        sp80022(b"x")
    for wrong in (np.full(N, 7, np.uint8), np.zeros((2, N), np.uint8), np.zeros(N), "text"):
        with pytest.raises(BadDtype, match="zeros and ones"):
            sp80022(wrong)
    assert bits_of(bytes([0b10110000])).tolist() == bits_of(np.array([1, 0, 1, 1, 0, 0, 0, 0], bool)).tolist()


@pytest.mark.soak
def test_derived_keys_give_streams_that_pass() -> None:
    """500 streams: each test is failed by about 1 in 100 (SP 800-22, sec. 4.2.1)."""
    keys = [imveil.Key(bytes(32)).derive("soak", str(i)) for i in range(500)]
    found = [sp80022(key.stream().bytes(125_000)) for key in keys]
    for name in found[0]:
        share = np.mean([one[name] >= 0.01 for one in found])
        assert share >= 0.99 - 3 * np.sqrt(0.99 * 0.01 / 500), name
        assert scipy.stats.kstest([one[name] for one in found], "uniform").pvalue > 0.0001, name

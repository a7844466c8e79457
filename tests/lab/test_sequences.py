"""Sequences in the laboratory: statistics, orbits in binary64, the command and its pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imveil import cli, record
from imveil.lab.bench import orbits, sequences
from imveil.lab.tables.sequences import bytes_table, maps_table
from imveil.schemes.chaos.maps import Henon, Lattice, SkewTent
from imveil.schemes.chaos.orbit import Logistic

# A derived key of the laboratory whose r lies in a narrow periodic window: such keys are rare and cannot be listed.
RARE = {"x0": 0.8639169583010999, "r": 3.9999623483305387}


def test_statistics_of_known_bytes() -> None:
    rng = np.random.default_rng(0)
    random = sequences.statistics(rng.integers(0, 256, 1_000_000, np.uint8))
    assert random["entropy"] > 7.999
    assert 170 < random["chi-square"] < 360
    assert abs(random["lag-1 correlation"]) < 0.005
    assert random["missing values"] == 0
    half = sequences.statistics(np.tile(np.array([0, 255], np.uint8), 500))
    assert half == {"entropy": 1.0, "chi-square": 127_000.0, "lag-1 correlation": -1.0, "missing values": 254.0}


@pytest.mark.parametrize("scheme", sequences.chaotic())
def test_the_shuffle_keeps_the_histogram_and_takes_the_order(scheme: str) -> None:
    key = sequences.key_of(0)
    for quantiser in ("floor256", "mantissa", "threshold"):
        off, on = (sequences.draw(scheme, quantiser, shuffle, key, 300) for shuffle in (False, True))
        np.testing.assert_array_equal(np.sort(off), np.sort(on))
        assert abs(sequences.statistics(on)["lag-1 correlation"]) < 0.02
    assert (
        abs(sequences.statistics(sequences.draw("skew-tent-xor/1", "floor256", False, key, 300))["lag-1 correlation"])
        > 0.05
    )


def test_lyapunov_exponents_of_maps_whose_exponents_are_known() -> None:
    assert orbits.lyapunov(Logistic(), {"x0": 0.1, "r": 4.0})[0] == pytest.approx(math.log(2), abs=0.01)
    p = 0.3
    entropy = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert orbits.lyapunov(SkewTent(), {"x0": 0.1, "p": p})[0] == pytest.approx(entropy, abs=0.01)
    first, second = orbits.lyapunov(Henon(), {"x0": 0.1, "y0": 0.0})
    assert first == pytest.approx(0.4192, abs=0.01)  # J. C. Sprott, Chaos and Time-Series Analysis (2003), app. A
    assert first + second == pytest.approx(math.log(0.3), abs=1e-9)  # areas shrink by b at every step
    start = {"x0": [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.85, 0.95], "r": 3.99995}
    assert (orbits.lyapunov(Lattice(), start, 2000) > 0).all()


def plain_cycle(source: Any, start: dict[str, Any], limit: int) -> tuple[int, int]:
    """The first return, by remembering every state."""
    state, fixed = (np.array(part) for part in source.begin(**start))
    seen: dict[bytes, int] = {}
    for step in range(limit):
        if state.tobytes() in seen:
            return seen[state.tobytes()], step - seen[state.tobytes()]
        seen[state.tobytes()] = step
        source.loop(state, fixed, np.empty(source.width))
    raise AssertionError("no cycle")


@pytest.mark.parametrize("r", [3.6, 3.9999623483305387, 3.5700000001])
def test_cycles_are_the_first_return(r: float) -> None:
    start = {"x0": 0.8639169583010999, "r": r}
    found = orbits.cycle(Logistic(), start, 300_000)
    if found is not None:
        assert found == plain_cycle(Logistic(), start, 300_000)


def test_a_cycle_that_is_known() -> None:
    assert orbits.cycle(Logistic(), RARE, 300_000) == plain_cycle(Logistic(), RARE, 100_000)
    assert orbits.cycle(Henon(), {"x0": 0.1, "y0": 0.0}, 1000) is None


def test_repeats_are_found_where_an_orbit_has_closed_and_nowhere_else() -> None:
    tail, length = orbits.cycle(Logistic(), RARE, 300_000) or (0, 0)
    assert length
    assert orbits.repeats(Logistic(), RARE, tail + length + 8, burn_in=0)
    assert not orbits.repeats(Logistic(), RARE, tail + length - 1, burn_in=0)
    for source in (SkewTent(), Henon(), Lattice()):
        assert not orbits.repeats(source, source.from_words([n << 59 for n in range(3, 3 + source.words)]), 5000)


def test_pairs_of_keys_that_are_one() -> None:
    """1/4 + 2^-20 and its mirror are exact, and their first step rounds to one number."""
    x0, r = 0.25 + 2.0**-20, 4.0
    assert orbits.same_sequence(Logistic(), {"x0": x0, "r": r}, {"x0": 1 - x0, "r": r})
    assert not orbits.same_sequence(Logistic(), {"x0": x0, "r": r}, {"x0": x0 + 2.0**-20, "r": r})


def test_the_command_measures_draws_and_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(sequences, "ROUNDS", 1)
    monkeypatch.setattr(sequences, "STEPS", 1000)
    kept: list[record.Record] = []
    monkeypatch.setattr(record, "append", kept.append)
    few = ["--keys", "2", "--side", "50", "--cycle-limit", "1000", "--weak-keys", "2", "--pairs", "20"]
    with pytest.raises(SystemExit) as done:
        cli.main(["bench", "sequences", *few, "--json", "--record", "--out", str(tmp_path / "out")])
    assert done.value.code == 0
    found = [record.Record.model_validate(one) for one in json.loads(capsys.readouterr().out)]
    assert found == kept
    assert json.loads((tmp_path / "out" / "sequences.json").read_text()) == [one.model_dump() for one in found]
    for name in ("bifurcation", "histograms", "shuffle"):
        file = tmp_path / "out" / f"{name}.png"
        assert file.stat().st_size < 150_000
        with Image.open(file) as picture:
            assert min(picture.size) > 200
    rows = bytes_table(found)[1]
    assert len(rows) == len(sequences.kinds())
    assert {row[0] for row in maps_table(found)[1]} == {"logistic", "skew tent", "Henon", "lattice"}


def test_the_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words, said in ((["--maps", "aes-xor/1"], "no chaotic map"), (["--out", str(tmp_path / "file")], "is a file")):
        with pytest.raises(SystemExit) as done:
            cli.main(["bench", "sequences", *words])
        assert done.value.code == 2
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1

"""What cipher images show decides what is played first, and what a gate says."""

from __future__ import annotations

import numpy as np
import pytest

from imveil.audit.gates import gate
from imveil.audit.leaks import Leak, leaks
from imveil.audit.result import Audit
from imveil.audit.trials import VIEWS, cut_down, hinted, plan, reserved
from imveil.system import running
from scenes import scenes

PICTURES = scenes(60)


def found(*some: Leak, void: str = "") -> Audit:
    return Audit("x", "", VIEWS, 1.0, leaks=list(some), void=void)


def test_what_shows_is_played_first() -> None:
    trials, _ = plan(400, (32, 32, 3), VIEWS, 60.0)
    stream = hinted(trials, [Leak("reused stream", 1.0, "partly open", "")])
    assert stream[0].attack.id == "many-time-pad"
    assert sorted(map(id, stream)) == sorted(map(id, trials))
    assert hinted(trials, [Leak("one key for all", 1.0, "partly open", "")])[0].attack.id == "second-order"
    assert hinted(trials, [Leak("uneven values", 1.0, "recognisable", "")]) == trials


def test_a_core_attack_comes_first_at_the_strength_that_decides() -> None:
    trials, _ = plan(800, (32, 32, 3), ("coa",), 60.0)
    first = {trial.attack.id: trial.strength for trial in reversed(trials)}
    assert (first["many-time-pad"], first["second-order"]) == (100, 300)


def test_what_has_no_room_is_left_to_the_end_and_not_begun() -> None:
    trials, _ = plan(800, (32, 32, 3), ("coa",), 60.0, slowness=4)
    [one] = [t for t in trials if t.attack.id == "fixed-permutation-public" and t.strength == 300]
    assert one.seconds >= 120, "four times slower than on the machine that it was timed on"
    assert not [t for t in plan(800, (64, 64, 3), ("coa",), 60.0)[0] if t.attack.id == one.attack.id and t.seconds]


def test_room_is_kept_for_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imveil.audit.trials.measured_slowness", lambda: 2)
    assert 0 < reserved(60, page=False) < reserved(60, page=True) <= 12
    assert reserved(5, page=True) == 1
    assert running() > 0, "of this process, imports and all"


def test_large_pictures_are_said_to_be_cut_down() -> None:
    large, _ = plan(100, (224, 224, 1), ("coa",), 60.0)
    small, _ = plan(100, (32, 32, 3), ("coa",), 60.0)
    assert "middle 64x64" in cut_down(large)[0]
    assert cut_down(small) == []


def test_a_few_equal_blocks_are_no_reused_stream() -> None:
    """As of AES in ECB mode, where some pictures share a flat part."""
    noise = np.random.default_rng(0).integers(0, 256, (100, 32, 32, 3), np.uint8)
    noise[:2, :8] = noise[0, :8]
    assert {leak.name for leak in leaks(noise)} == {"equal blocks"}
    mask = np.random.default_rng(1).integers(0, 256, PICTURES.shape[1:], np.uint8)
    assert "reused stream" in {leak.name for leak in leaks(PICTURES ^ mask)}


def test_a_gate_knows_what_lies_open_and_what_says_nothing() -> None:
    quarter = Leak("partly encrypted", 0.25, "partly open", "")
    assert gate(found(quarter), above=0.1).state == "condemned"
    assert "0.250" in gate(found(quarter), above=0.1).why
    assert gate(found(Leak("equal blocks", 0.01, "recognisable", "")), above=0.005).state == "nothing was judged"
    empty = found(void="All cipher images are the same")
    assert gate(empty, strict=True).state == "not enough was tried"
    assert gate(empty, above=0.1) == ("nothing was judged", "nothing was judged: all cipher images are the same")

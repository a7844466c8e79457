"""feedback-table: chained substitution undone byte for byte, and given up at once where nothing is chained."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest

import imveil
from imveil.attacks.base import Oracle
from imveil.attacks.solvers.feedback import table
from imveil.attacks.solvers.feedback.solve import solve
from imveil.audit.game.challenger import challenger_of, control
from imveil.audit.game.referee import game
from imveil.audit.game.split import Terms
from scenes import scenes


def oracle(scheme: str, seed: int = 0, noise: bool = False, shape: Any = (12, 12, 1), **fields: Any) -> Oracle:
    real = challenger_of(imveil.find(scheme, **fields), seed)
    real = control(real, shape, seed) if noise else real
    number = count()
    return Oracle(lambda images: real.encrypt(images, f"query {next(number)}"))


def test_one_round_is_undone() -> None:
    ask = oracle("diffuse/1", rounds=1)
    undo = solve(ask, (12, 12, 1), np.random.default_rng(0), 5000)
    assert undo is not None
    pictures = np.random.default_rng(1).integers(0, 256, (5, 12, 12, 1), np.uint8)
    np.testing.assert_array_equal(undo(ask(pictures).reshape(5, -1)), pictures.reshape(5, -1))


@pytest.mark.parametrize(
    ("scheme", "noise"), [("diffuse/1", True), ("etc/1", False), ("aes-xor/1", False), ("aes-ctr-control/1", False)]
)
def test_what_is_no_chain_is_left_after_three_pictures(scheme: str, noise: bool) -> None:
    ask = oracle(scheme, noise=noise)
    assert solve(ask, (12, 12, 1), np.random.default_rng(0), 5000) is None
    assert ask.queries <= 3


def test_a_small_allowance_is_kept() -> None:
    ask = oracle("diffuse/1")
    assert solve(ask, (12, 12, 1), np.random.default_rng(0), 120) is None
    assert ask.queries <= 120


def test_rows_that_agree_are_told_from_rows_that_do_not() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.permutation(256)
    rows = rng.integers(0, 256, (24, 140), np.uint8)
    assert table._couple(rows) is None
    planted = ((3, 11), (5, 17), (2, 20), (1, 9))
    for a, b in planted:  # 100 places of these come from equal ones, through the hidden table
        rows[b, 100:] = rows[a, 100:] ^ 1
        for i in range(99, -1, -1):
            rows[b, i] = (int(rows[a, i]) + hidden[rows[b, i + 1]] - hidden[rows[a, i + 1]]) % 256
    found = table._couple(rows)
    assert found is not None
    (a, b, c, d), places = found
    assert {(a, b), (c, d)} <= set(planted)
    assert 100 <= places < 115


def test_two_rounds_are_undone() -> None:
    played = game(
        imveil.find("diffuse/1"), scenes(30, (16, 16, 3)), "feedback-table", terms=Terms(targets=10, gallery=20)
    )
    assert played.score.exact == 1.0
    assert played.control is not None
    assert played.control.recovery == 0.0

"""jigsaw: blocks of a photograph find their neighbours again, in each of the ways that schemes scramble them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import imveil
from imveil.cipher.blocks import to_blocks
from imveil.lab.assembly import ratios
from imveil.lab.attack import find_attack
from imveil.lab.deal import Terms
from imveil.lab.game import play
from imveil.lab.solvers.poses import TURN_INVERSE, TURN_TABLE, turned, values
from imveil.lab.solvers.puzzle import solve

ROWS, COLUMNS, SIDE = 6, 8, 32


def photograph() -> Any:
    """A photograph that comes with scikit-image, (192, 256, 3)."""
    data = pytest.importorskip("skimage.data", reason="scikit-image carries the photograph")
    return np.ascontiguousarray(data.astronaut()[: ROWS * SIDE, 100 : 100 + COLUMNS * SIDE])


def scrambled(turns: bool, negatives: bool, colours: bool) -> tuple[Any, Any]:
    """Its pieces after scrambling, and (rows, columns) which piece belongs where."""
    rng, shown = np.random.default_rng(5), values(3, negatives, colours)
    cut = to_blocks(photograph(), SIDE).reshape(-1, SIDE, SIDE, 3)
    order = rng.permutation(len(cut))
    mixed = [
        shown.shown(turned(cut[p], int(rng.integers(8)) if turns else 0), int(rng.integers(len(shown.signs))))
        for p in order
    ]
    return np.stack(mixed), np.argsort(order).reshape(ROWS, COLUMNS)


@pytest.mark.parametrize(
    "how", [(False, False, False), (True, False, False), (True, True, False), (True, True, True)], ids=str
)
def test_pieces_find_their_neighbours(how: tuple[bool, bool, bool]) -> None:
    cut, truth = scrambled(*how)
    found = solve(cut, ROWS, COLUMNS, turns=how[0], negatives=how[1], colours=how[2])
    # A puzzle with turns may come out upside down or mirrored as a whole.
    whole = [truth, truth[::-1], truth[:, ::-1], truth[::-1, ::-1]] if how[0] else [truth]
    assert max(ratios(one, found.order).neighbour for one in whole) >= 0.8
    assert sorted(found.order.ravel()) == list(range(ROWS * COLUMNS))


def test_the_attack_recovers_a_picture_of_shuffled_blocks() -> None:
    scheme = imveil.find("patch/1", block=SIDE, pixels=False)
    images = np.stack([photograph(), photograph()[::-1]])
    assert find_attack("jigsaw").suits(scheme)
    assert not find_attack("jigsaw").suits(imveil.find("patch/1"))
    assert play(scheme, images, "jigsaw", terms=Terms(targets=1, gallery=2), against_noise=False).value > 0.8


def test_turns_and_values_compose_as_their_tables_say() -> None:
    piece = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    shown = values(3, True, True)
    for a in range(8):
        np.testing.assert_array_equal(turned(turned(piece, a), int(TURN_INVERSE[a])), piece)
        for b in range(8):
            np.testing.assert_array_equal(turned(turned(piece, b), a), turned(piece, int(TURN_TABLE[a, b])))
    for a in range(12):
        for b in range(12):
            twice = shown.shown(shown.shown(piece, b), a)
            np.testing.assert_array_equal(twice, shown.shown(piece, int(shown.table[a, b])))


def test_ratios_of_a_shifted_picture() -> None:
    truth = np.arange(20).reshape(4, 5)
    assert ratios(truth, truth) == (1.0, 1.0, 1.0)
    assert ratios(truth, np.roll(truth, 1, axis=1)) == (0.0, (16 - 4 + 15) / 31, 0.8)

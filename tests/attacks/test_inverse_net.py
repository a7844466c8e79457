"""inverse-net learns a fixed key from pairs; under fresh keys it learns only what no key changes."""

from __future__ import annotations

import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

import imveil
from imveil import attacks
from imveil.attacks.base import View
from imveil.attacks.inverse_net import came_from
from imveil.attacks.solvers import network
from imveil.attacks.solvers.network import block_of
from imveil.audit.campaign import audit
from imveil.audit.game.referee import game
from imveil.audit.game.split import Terms
from imveil.errors import MissingExtra
from scenes import scenes

TERMS = Terms(targets=12, pairs=64, public=64, gallery=40)
IMAGES = scenes(140, (16, 16, 3))


def played(attack: str, scheme: str, steps: int) -> Any:
    return game(imveil.find(scheme), IMAGES, attack, terms=TERMS, steps=steps, against_noise=False)


@pytest.mark.parametrize("scheme", ["negpos/1", "le/1"])
def test_pairs_under_the_same_key_give_the_picture(scheme: str) -> None:
    found = played("inverse-net", scheme, 100)
    assert found.score.low > 0.3
    assert 0 < found.guess.notes["loss"] < 0.5


def test_blocks_that_moved_are_put_back_first() -> None:
    moved = played("inverse-net-moved", "etc/1", 100)
    assert moved.guess.notes["moved"] > 0.5
    assert moved.score.low > 0.3 > played("inverse-net", "etc/1", 100).score.high
    assert played("inverse-net-moved", "le/1", 2).guess.notes["moved"] == 0, "blocks that stayed are left in place"


def test_fresh_keys_give_no_more_than_what_the_scheme_leaks() -> None:
    # Of negpos/1 the distance from grey, |v - 127.5|, is there for every key: outlines, as `fold` has them.
    assert played("inverse-net-fresh", "negpos/1", 60).score.high < 0.4
    assert played("inverse-net-fresh", "etc/1", 60).score.low == 0


def test_the_fresh_variant_learns_what_no_key_changes() -> None:
    assert played("inverse-net-fresh", "plain/1", 100).score.low > 0.3


def test_large_pictures_go_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    rng, seen = np.random.default_rng(0), []
    plain = rng.integers(0, 256, (8, 224, 224, 1), np.uint8)
    through = network._through

    def watched(body: Any, places: Any, images: Any, block: int) -> Any:
        seen.append(images.shape[0] * images.shape[2] * images.shape[3])
        return through(body, places, images, block)

    monkeypatch.setattr(network, "_through", watched)
    view = View(255 - plain[:3], (224, 224, 1), pairs=(plain, 255 - plain))
    assert attacks.find("inverse-net").run(view, rng, 1).images.shape == plain[:3].shape
    assert len(seen) == 8 + 3
    assert max(seen) <= 2**16


@pytest.mark.parametrize(("block", "side"), [(None, 1), (4, 4), (16, 16), (5, 1), (32, 1)])
def test_the_network_follows_the_blocks_of_the_scheme(block: int | None, side: int) -> None:
    fields = {} if block is None else {"block": block}
    assert block_of(View(np.zeros((1, 32, 32, 3), np.uint8), (32, 32, 3), fields=fields)) == side


def test_the_random_numbers_of_the_caller_are_left_alone() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    played("inverse-net", "plain/1", 2)
    assert torch.equal(before, torch.get_rng_state())


def test_without_torch_one_sentence_says_so_and_an_audit_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "imveil.extras", raising=False)
    with pytest.raises(MissingExtra, match="torch"):
        played("inverse-net", "plain/1", 2)
    found = audit(imveil.find("plain/1"), IMAGES[:40], budget=20, views=["kpa"], seeds=1)
    assert any("torch" in skipped.reason for skipped in found.skipped if "inverse-net" in skipped.attack)
    assert found.findings


def test_blocks_that_moved_are_found_within_bounded_memory() -> None:
    blocks = np.random.default_rng(0).integers(0, 256, (4, 6000, 8), np.uint8)
    moved = np.random.default_rng(1).permutation(6000)
    tracemalloc.start()
    try:
        order = came_from(blocks, 255 - blocks[:, moved])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.array_equal(moved[order], np.arange(6000))
    assert most < 1 << 26  # bytes; all pairs at once were 288 million
    alone = blocks[..., :1]
    assert np.array_equal(came_from(alone, alone[:, moved]), np.arange(6000))  # samples have no contrast

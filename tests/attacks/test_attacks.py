"""What each attack must show, on made-up pictures: what it breaks, and what it does not."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
import pytest

import imveil
from imveil import attacks
from imveil.attacks.base import View
from imveil.attacks.solvers import probes
from imveil.audit.game.referee import Played, game
from imveil.audit.game.split import Terms
from imveil.keys.key import Key
from imveil.plans.plan import Plan
from imveil.schemes.base import Scheme, Shape, Traits
from scenes import scenes

IMAGES = scenes(90, seed=5)


def against(attack: str, scheme: str | Scheme, images: Any = IMAGES, **terms: int) -> Played:
    found = imveil.find(scheme) if isinstance(scheme, str) else scheme
    asked = Terms(**{"targets": 10, "gallery": 60, "ciphers": 10, "public": 20, **terms})
    return game(found, images, attack, terms=asked, against_noise=False)


# chosen-plan


@pytest.mark.parametrize(
    ("id", "queries"),
    [
        ("logistic-xor/1", 3),
        ("negpos/1", 3),
        ("etc/1", 3),
        ("patch/1", 3),
        ("cpe-iib/1", 3),
        ("le/1", 5),
        ("ele/1", 5),
        ("orthogonal/1", 1 + 13 + 1 + 1),
        ("ffx/1", None),
    ],
)
def test_chosen_plan_breaks_every_fixed_key(id: str, queries: int | None) -> None:
    found = against("chosen-plan", id)
    assert found.score.exact == 1.0
    if queries is not None:
        assert found.record.facts["found"]["queries"] == queries
    if found.guess.plan is not None:
        from imveil.audit.game.challenger import key_of

        assert found.guess.plan == imveil.find(id).plan(key_of(0, "game"), (32, 32, 3))


def test_chosen_plan_undoes_the_conversion_of_colours_up_to_rounding() -> None:
    found = against("chosen-plan", "etc-grey/1")
    assert np.abs(found.guess.images.astype(int) - found.split.targets).max() <= 3


@pytest.mark.parametrize("id", ["etc-inplace/1", "negpos-inplace/1"])
def test_chosen_plan_fills_what_a_lossy_scheme_dropped(id: str) -> None:
    assert against("chosen-plan", id).score.recovery > 0.6


@pytest.mark.parametrize("shape", [(28, 28, 1), (48, 64, 3), (16, 16, 1), (16, 12, 1), (224, 224, 3)], ids=str)
def test_chosen_plan_at_other_sizes(shape: tuple[int, int, int]) -> None:
    small = scenes(14, shape)
    for id in ("le/1", "aes-xor/1", "patch/1"):
        assert against("chosen-plan", id, small, targets=3, gallery=6).score.exact == 1.0


def test_chosen_plan_has_no_answer_for_a_key_an_image_and_for_chains() -> None:
    for scheme in (imveil.find("negpos/1", per_image=True), imveil.find("diffuse/1")):
        assert against("chosen-plan", scheme).score.recovery == 0.0


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 192, 255, 256, 257, 784, 3072, 65536, 65537, 150528])
def test_codes_tell_all_bytes_and_nibbles_apart(n: int) -> None:
    code = probes.code(n)
    least8 = next(k for k in range(1, 9) if 256**k >= n)
    least4 = next(k for k in range(1, 9) if 16**k >= 2 * n)
    assert code.as_bytes == least8
    assert len(code.probes) in (least4, least4 + 1)
    np.testing.assert_array_equal(code.bytes(code.probes), np.arange(n))
    np.testing.assert_array_equal(code.nibbles(code.probes), np.arange(2 * n))


# known-plan


@pytest.mark.parametrize(
    ("id", "pairs"),
    [
        *[(id, 1) for id in ("logistic-xor/1", "aes-xor/1", "le/1", "shf/1", "np-block/1")],
        *[(id, 12) for id in ("negpos/1", "etc/1", "patch/1", "pixel-shuffle/1", "cpe-iib/1")],
        ("ele/1", 16),
    ],
)
def test_known_plan_needs_this_many_pairs(id: str, pairs: int) -> None:
    assert against("known-plan", id, pairs=pairs).score.recovery > 0.999


def test_known_plan_gets_better_with_pairs() -> None:
    found = [against("known-plan", "ele/1", pairs=k).score.raw for k in (2, 4, 8)]
    assert found == sorted(found)
    assert found[0] < 0.5 < found[1] < found[2]


def test_known_plan_reads_tables() -> None:
    assert against("known-plan", "ffx/1", pairs=4).score.recovery > 0.9


# pad-across-sizes


@pytest.mark.parametrize(
    ("id", "fields", "least", "most"),
    [
        ("aes-xor/1", {}, 1.0, 1.0),
        ("negpos/1", {}, 0.9, 1.0),
        ("logistic-xor/1", {"shuffle": False}, 1.0, 1.0),
        ("logistic-xor/1", {}, 0.0, 0.05),  # another shuffle for every size
    ],
)
def test_one_picture_of_another_size_gives_a_stream_that_begins_alike(
    id: str, fields: dict[str, Any], least: float, most: float
) -> None:
    found = against("pad-across-sizes", imveil.find(id, **fields))
    assert found.view.other_pairs is not None
    assert found.view.other_pairs[0].shape == (1, 64, 64, 3)
    assert least <= found.score.recovery <= most


def test_a_smaller_picture_gives_what_it_reaches() -> None:
    scheme, key = imveil.find("aes-xor/1"), Key(bytes(32))
    hidden = scheme.encrypt(IMAGES[:2], key).images
    known = IMAGES[2:3, :8, :16]
    view = View(targets=hidden, shape=(32, 32, 3), other_pairs=(known, scheme.encrypt(known, key).images))
    guess = attacks.find("pad-across-sizes").run(view)
    flat, true = guess.images.reshape(2, -1), IMAGES[:2].reshape(2, -1)
    assert guess.notes["reached"] == 1 / 8
    np.testing.assert_array_equal(flat[:, :384], true[:, :384])
    assert (flat[:, 384:] == 128).all()


# chang-li, le-probe


def test_chang_li_is_exact_on_inversions_only() -> None:
    assert against("chang-li", "negpos/1").score.exact == 1.0
    threshold = imveil.find("logistic-xor/1", quantiser="threshold")
    assert against("chang-li", threshold).score.exact == 1.0
    assert against("chang-li", "etc/1").score.exact == 0.0


def test_chang_li_still_gets_the_top_bit_of_a_sequence() -> None:
    found = against("chang-li", "logistic-xor/1")
    # All but where a 1, 2 or 3 came out by chance and colours were exchanged for it.
    assert (found.guess.images >> 7 == found.split.targets >> 7).mean() > 0.97
    assert found.score.exact == 0.0


def test_le_probe_is_exact_with_nibbles_where_bytes_find_few() -> None:
    found = against("le-probe", "le/1")
    assert found.score.exact == 1.0
    assert found.record.facts["found"]["queries"] == 1
    assert found.guess.notes["published"] < 0.5
    large = scenes(20, (48, 48, 3))
    assert against("le-probe", imveil.find("le/1", block=8), large, targets=4).score.exact == 1.0
    assert against("le-probe", "ele/1").score.recovery == 0.0


# fold, fold-colours


def test_fold_gives_outlines_and_fold_colours_comes_nearer_in_colour() -> None:
    scheme = imveil.find("negpos/1", per_image=True)
    outlines, colours = against("fold", scheme), against("fold-colours", scheme)
    assert outlines.score.low > 0
    assert colours.score.low > 0

    assert colours.score.chroma is not None
    assert outlines.score.chroma is not None
    assert colours.score.chroma < outlines.score.chroma


def test_fold_colours_chooses_among_48() -> None:
    found = against("fold-colours", imveil.find("negpos/1", per_image=True))
    ours, cipher = np.sort(_folded(found.guess.images)), np.sort(_folded(found.view.targets))
    np.testing.assert_array_equal(ours, cipher)


def _folded(images: Any) -> Any:
    return np.minimum(images, 255 - images)


# linear-patch


def test_linear_patch_needs_as_many_patches_as_dimensions() -> None:
    assert against("linear-patch", "orthogonal/1", pairs=2).score.exact == 1.0
    eight = imveil.find("orthogonal/1", block=8)
    few, enough = (against("linear-patch", eight, pairs=k).score for k in (2, 20))
    assert few.recovery < 0.9
    assert enough.exact == 1.0


# link


@pytest.mark.parametrize("id", ["etc/1", "ele/1", "le/1", "patch/1", "pixel-shuffle/1", "orthogonal/1", "cpe-iib/1"])
def test_link_picks_by_what_the_scheme_keeps(id: str) -> None:
    assert against("link", id).score.identified == 1.0


def test_link_picks_under_a_key_an_image() -> None:
    assert against("link", imveil.find("negpos/1", per_image=True)).score.identified == 1.0
    assert against("link", "aes-ctr-control/1").score.identified < 0.3


@pytest.mark.parametrize("split", ["msb", "sqrt"])
def test_link_adds_up_bits_that_were_turned_over_at_random(split: str) -> None:
    assert against("link", imveil.find("ldp-slicing/1", eps=4.0, split=split)).score.identified == 1.0


# planted weaknesses


@dataclass(frozen=True)
class Repeats(Scheme):
    """A mask that repeats every 16 bytes, a fresh one for each image or one for all."""

    id: ClassVar[str] = "repeats/1"
    paper: ClassVar[str] = "none: planted"
    per_image: bool = True

    @property
    def traits(self) -> Traits:
        return Traits(per_image=self.per_image)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        del shape
        return {"mask": np.frombuffer(key.derive(self.id, "mask").stream().bytes(16), np.uint8)}

    def plan_from_material(self, shape: Shape, mask: Any) -> Plan:
        return Plan(mask=np.resize(mask, prod(shape)))


@dataclass(frozen=True)
class Stays(Scheme):
    """A fresh mask for each image, but for every tenth sample, which stays as it is."""

    id: ClassVar[str] = "stays/1"
    paper: ClassVar[str] = "none: planted"

    @property
    def traits(self) -> Traits:
        return Traits(per_image=True)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        return {"mask": np.frombuffer(key.derive(self.id, "mask").stream().bytes(prod(shape)), np.uint8)}

    def plan_from_material(self, shape: Shape, mask: Any) -> Plan:
        return Plan(mask=np.where(np.arange(prod(shape)) % 10, mask, 0).astype(np.uint8))


@dataclass(frozen=True)
class Tenth(Scheme):
    """A permutation of samples, one for all images, that leaves 10 % of them in place; and a mask over the rest."""

    id: ClassVar[str] = "tenth/1"
    paper: ClassVar[str] = "none: planted"
    per_image: bool = False

    @property
    def traits(self) -> Traits:
        return Traits(per_image=self.per_image)

    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        stream = key.derive(self.id).stream()
        return {"perm": stream.permutation(prod(shape)), "mask": np.frombuffer(stream.bytes(prod(shape)), np.uint8)}

    def plan_from_material(self, shape: Shape, perm: Any, mask: Any) -> Plan:
        moved = np.sort(perm[prod(shape) // 10 :])
        order = np.arange(prod(shape))
        order[moved] = perm[prod(shape) // 10 :]
        return Plan(order=order, mask=np.where(order == np.arange(prod(shape)), 0, mask).astype(np.uint8))


def test_a_mask_that_repeats_every_16_bytes_is_found() -> None:
    assert against("chosen-plan", Repeats(per_image=False)).score.exact == 1.0
    assert against("known-plan", Repeats(per_image=False)).score.exact == 1.0
    assert against("link", Repeats()).score.identified == 1.0


def test_samples_that_stay_in_place_are_found() -> None:
    for scheme in (Stays(), Tenth(per_image=True)):
        assert against("link", scheme).score.identified > 0.9, scheme.id
    assert against("chosen-plan", Tenth()).score.exact == 1.0
    assert against("known-plan", Tenth(), pairs=8).score.recovery > 0.99

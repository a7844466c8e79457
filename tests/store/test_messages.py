"""Messages: any altered byte is refused, numbers that do not go together too; tables add exactly in any order."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imveil.errors import BadInput, BadMessage, Mismatch, Refused
from imveil.store.messages import envelope, table
from imveil.store.messages.round import Round, described
from imveil.store.messages.sum import Sum
from imveil.store.messages.total import Total
from private import OWNERS, made_round

PRIVATE = made_round(3, epsilon=2.0, dim=6, blind=True)


def words(round_: Round) -> np.ndarray:
    return np.arange(table.length(round_), dtype=np.uint64)


KINDS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "round": (PRIVATE.to_bytes(), Round.from_bytes),
    "sum": (Sum(OWNERS[0].recipient, words(PRIVATE), 5).to_bytes(PRIVATE), lambda d: Sum.from_bytes(d, PRIVATE)),
    "total": (Total(PRIVATE, words(PRIVATE).view(np.int64), False, 7).to_bytes(), Total.from_bytes),
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_altered_or_missing_byte_is_refused(kind: str) -> None:
    data, read = KINDS[kind]
    read(data)
    for at in range(0, len(data), max(1, len(data) // 300)):
        for bad in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at]):
            with pytest.raises(BadMessage):
                read(bad)
    with pytest.raises(BadMessage):
        read(data + b"\0")


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_reads_back_as_it_was_written(kind: str) -> None:
    data, read = KINDS[kind]
    found = read(data)
    assert (found.to_bytes(PRIVATE) if isinstance(found, Sum) else found.to_bytes()) == data  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_another_kind_is_named(kind: str) -> None:
    for other, (data, _) in KINDS.items():
        if other != kind:
            with pytest.raises(BadMessage, match=f"'imveil-{other}-1', imveil-{kind}-1 was needed"):
                KINDS[kind][1](data)


def altered(**members: object) -> bytes:
    """A round with other members and a digest that fits: what someone who alters it on purpose would write."""
    facts = json.loads(PRIVATE.to_bytes().split(b"\n")[1])
    return envelope.pack("round", {**facts, **members})


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"owners": sorted(PRIVATE.owners)[:2] * 2}, "twice"),
        ({"owners": PRIVATE.owners[::-1]}, "sorted"),
        ({"classes": ["a", "a"]}, "class comes twice"),
        ({"classes": ["a", "b/c"]}, "no slash"),
        ({"dim": 13}, "dim 13 is more"),
        ({"extra": 1}, "extra"),
        ({"steps": "2"}, "steps"),
        ({"step": 3, "parent": "0" * 64, "head": "0" * 64}, "planned for 1 steps"),
        ({"step": 1, "steps": 2}, "names step 0"),
        ({"privacy": None}, "tells who is in it"),
        ({"small": False}, "fewer than 5"),
        ({"bias": 1.5}, "bias"),
        ({"privacy": {**PRIVATE.privacy.model_dump(), "epsilon": 0.0}}, "outside 0.01 to 20"),  # type: ignore[union-attr]
        ({"privacy": {**PRIVATE.privacy.model_dump(), "epsilon": 1e9}}, "outside 0.01 to 20"),  # type: ignore[union-attr]
        ({"privacy": {**PRIVATE.privacy.model_dump(), "colluding": 3}}, "at most 2 may"),  # type: ignore[union-attr]
        ({"privacy": {**PRIVATE.privacy.model_dump(), "most": 3}}, "a picture counts once"),  # type: ignore[union-attr]
    ],
)
def test_a_round_that_makes_no_sense_is_refused(members: dict[str, object], says: str) -> None:
    with pytest.raises(BadMessage, match=says):
        Round.from_bytes(altered(**members))


def test_a_changed_round_has_another_fingerprint() -> None:
    other = Round.from_bytes(altered(least=4))
    assert other.fingerprint != PRIVATE.fingerprint
    assert len(PRIVATE.fingerprint.replace("-", "")) == 32
    assert PRIVATE.fingerprint in "\n".join(text for _, text in described(PRIVATE))


def test_a_sum_of_another_round_or_a_stranger_is_refused() -> None:
    data = KINDS["sum"][0]
    with pytest.raises(Mismatch, match="another round"):
        Sum.from_bytes(data, Round.from_bytes(altered(least=4)))
    stranger = Sum(OWNERS[30].recipient, words(PRIVATE), 5).to_bytes(PRIVATE)
    with pytest.raises(Mismatch, match="no owner of this round"):
        Sum.from_bytes(stranger, PRIVATE)
    with pytest.raises(BadMessage, match="bytes of words"):
        Sum.from_bytes(Sum(OWNERS[0].recipient, words(PRIVATE)[:-1], 5).to_bytes(PRIVATE), PRIVATE)


def test_too_few_pictures_for_so_many_numbers_need_a_word() -> None:
    with pytest.raises(Refused, match="fewer than 5 for each of 12 numbers") as refused:
        made_round(3, epsilon=1.0, small=False)
    assert "--small" in refused.value.hint


def test_no_privacy_needs_a_word() -> None:
    with pytest.raises(Refused, match="tells who is in it"):
        made_round(3).model_copy(update={"told": False}).check()


def rows(round_: Round, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, round_.dim + 1))
    z = np.trunc(z / np.linalg.norm(z, axis=1, keepdims=True) * 2**round_.bits).astype(np.int64)
    return z, rng.integers(0, len(round_.classes), n)


@pytest.mark.parametrize("method", ["sums", "gradient"])
def test_tables_add_exactly_in_any_order(method: str) -> None:
    round_ = made_round(3, width=40, method=method)
    z, labels = rows(round_, 20_000)
    weights = np.random.default_rng(1).normal(size=(41, 3))

    def made(which: np.ndarray) -> np.ndarray:
        if method == "sums":
            return table.moments(z[which], labels[which], round_)
        return table.gradient(z[which], labels[which], weights, round_)

    whole = made(np.arange(len(z)))
    order = np.random.default_rng(2).permutation(len(z))
    for parts in (np.array_split(order, 7), np.array_split(order[::-1], [1, 2, 5, 8191, 8192])):
        assert (np.sum([made(part) for part in parts if len(part)], axis=0) == whole).all()


def test_moments_are_those_of_whole_numbers() -> None:
    round_ = made_round(3, width=5)
    z, labels = rows(round_, 50)
    found = table.moments_of(table.moments(z, labels, round_), round_)
    second = sum(np.outer(r.astype(object), r.astype(object)) for r in z)
    assert (found.second * 2.0**24 == second.astype(np.float64)).all()
    assert all((found.classes[:, c] * 2**12 == z[labels == c].sum(axis=0)).all() for c in range(3))


@pytest.mark.parametrize("method", ["sums", "gradient"])
def test_a_picture_moves_a_release_by_no_more_than_one(method: str) -> None:
    """The sensitivity that docs/private.md proves: weighted moments, or a gradient, of one picture, to the bit."""
    round_ = made_round(3, epsilon=1.0, width=30, method=method)
    z, labels = rows(round_, 400)
    z[:, -1] = int(0.3 * 4096)
    weights = np.random.default_rng(3).normal(size=(31, 3)) * 40
    scale = table.scales(round_, 1.0)
    for i in range(len(z)):
        one = slice(i, i + 1)
        if np.square(z[i]).sum() > 2**24:
            continue
        moved = (table.moments(z[one], labels[one], round_) if method == "sums"
                 else table.gradient(z[one], labels[one], weights, round_))  # fmt: skip
        assert np.square(moved / scale).sum() <= 1.0


def test_a_head_with_huge_weights_has_no_gradient() -> None:
    round_ = made_round(3, width=5, method="gradient")
    z, labels = rows(round_, 5)
    with pytest.raises(BadInput, match="too large"):
        table.gradient(z, labels, np.full((6, 3), 1e9), round_)


def test_writing_leaves_nothing_behind_and_replaces_nothing(tmp_path: Path) -> None:
    from imveil.errors import BadDestination

    place = tmp_path / "a.sum"
    envelope.write(place, b"one", secret=True)
    assert place.stat().st_mode & 0o077 == 0
    with pytest.raises(BadDestination, match="exists already"):
        envelope.write(place, b"two")
    with pytest.raises(BadDestination):
        envelope.write(tmp_path / "none" / "a.sum", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["a.sum"]
    assert place.read_bytes() == b"one"

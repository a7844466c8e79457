"""Sums under masks: the head equals the clear one bit for bit, for any owners in any order; what is refused; noise."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from imveil.cloud.summing import add, train
from imveil.errors import BadImage, BadInput, BadSource, Mismatch, Refused, TrainingProblem, WrongKey
from imveil.owner.embeddings import embed
from imveil.owner.encoders.base import F32, Facts
from imveil.owner.features import rows
from imveil.owner.heads import answer, confusion
from imveil.owner.summing import open_total, sum_of
from imveil.store.messages import envelope
from imveil.store.messages.head import Head
from imveil.store.messages.round import Round
from imveil.store.messages.steps import next_round
from imveil.store.messages.table import gradient, length, moments, scales
from imveil.store.messages.total import Total
from private import OWNERS, MadeEncoder, Pictures, all_sums, book, made_round

USES = {"open", "os.rename", "os.remove", "os.mkdir", "os.truncate"}


def clear(round_: Round, count: int, point: np.ndarray | None = None) -> Total:
    """The total of the same pictures, summed in one place and in another order, without masks or noise."""
    found, labels = [], []
    for i in reversed(range(len(round_.owners))):
        source = Pictures(count, i)
        numbers = embed(source, range(count), MadeEncoder(round_.encoder.width), None).numbers
        found.append(rows(numbers, round_)[::-1])
        labels += [item.label for item in source.items][::-1]
    z, y = np.concatenate(found), np.array(labels)
    zero = np.zeros((round_.dim + 1, len(round_.classes)))
    table = gradient(z, y, zero if point is None else point, round_) if round_.gradient else moments(z, y, round_)
    return Total(round_, table)


@pytest.mark.parametrize("draw", range(50))
def test_the_head_is_the_clear_one_bit_for_bit(draw: int, tmp_path: Path) -> None:
    """50 random owner counts, 2 to 50, numbers of pictures, and orders."""
    rng = np.random.default_rng(draw)
    owners, count = int(rng.integers(2, 51)), int(rng.integers(6, 40))
    round_ = made_round(owners, dim=int(rng.integers(2, 13)), width=12)
    sums = all_sums(round_, tmp_path, count)
    total, expected = add([sums[i] for i in rng.permutation(owners)], round_), clear(round_, count)
    assert (total.words == expected.words).all()
    for method in ("ridge", "lda"):
        assert train(total, method=method).weights.tobytes() == train(expected, method=method).weights.tobytes()


def test_gradient_steps_are_the_clear_ones_bit_for_bit(tmp_path: Path) -> None:
    round_, head = made_round(4), None
    losses = []
    for step in range(4):
        total = add(all_sums(round_, tmp_path, head=head), round_)
        assert (total.words == clear(round_, 30, head.point if head else None).words).all()
        head = train(total, start=head if step else None, **({"rate": 2.0} if step else {}))
        assert head.card.steps == step + 1
        scores = answer(head, Pictures(30, 1), MadeEncoder())
        losses.append(float((scores.scores.argmax(axis=1) == scores.labels).mean()))
        round_ = next_round(round_, head)
    assert min(losses) > 0.9
    with pytest.raises(Mismatch, match="none was given"):
        all_sums(round_, tmp_path)
    with pytest.raises(Mismatch, match="was needed to go on from"):
        train(Total(round_, np.zeros(length(round_), np.int64)), start=None)


def test_a_sum_alone_is_uniform_and_a_missing_owner_is_named(tmp_path: Path) -> None:
    round_ = made_round(3, width=60)
    sums = all_sums(round_, tmp_path, 60)
    for one in sums:
        assert abs(np.unpackbits(one.words.view(np.uint8)).mean() - 0.5) < 0.02
    with pytest.raises(BadInput, match="sent no sum") as refused:
        add(sums[:2], round_)
    assert sums[2].owner in str(refused.value)
    with pytest.raises(BadInput, match="two sums are from"):
        add([*sums, sums[1]], round_)


def test_a_blind_total_is_opened_by_owners_only_and_any_change_is_found(tmp_path: Path) -> None:
    round_ = made_round(3, blind=True)
    total = add(all_sums(round_, tmp_path), round_)
    with pytest.raises(BadInput, match="blind"):
        train(total)
    assert abs(np.unpackbits(total.words.view(np.uint8)).mean() - 0.5) < 0.05
    for one in OWNERS[:3]:
        assert (open_total(total, one).words == clear(round_, 30).words).all()
    with pytest.raises(WrongKey):
        open_total(total, OWNERS[5])
    for change in (1, 1 << 24, 1 << 63):
        words = total.words.view(np.uint64).copy()
        words[3:4] += np.uint64(change)  # an array wraps round, a scalar warns
        with pytest.raises(Mismatch, match="check fails"):
            open_total(total._replace(words=words.view(np.int64)), OWNERS[0])
    with pytest.raises(BadInput, match="open already"):
        open_total(open_total(total, OWNERS[0]), OWNERS[0])


@pytest.mark.parametrize("trust", ["masks", "nobody"])
def test_noise_has_the_size_that_is_promised(trust: str, tmp_path: Path) -> None:
    round_ = made_round(3, epsilon=2.0, width=60, trust=trust, colluding=0)
    words = add(all_sums(round_, tmp_path, 60), round_).words - clear(round_, 60).words
    size = np.sqrt(np.mean((words / scales(round_, round_.scale)) ** 2))
    assert size == pytest.approx(1.0 if trust == "masks" else 3**0.5, rel=0.06)


def test_owners_who_pool_what_they_know_still_face_all_of_the_noise(tmp_path: Path) -> None:
    round_ = made_round(3, epsilon=2.0, width=60, colluding=2)
    words = add(all_sums(round_, tmp_path, 60), round_).words - clear(round_, 60).words
    assert np.sqrt(np.mean((words / scales(round_, round_.scale)) ** 2)) == pytest.approx(3**0.5, rel=0.06)


def test_the_same_command_again_gives_the_same_bytes(tmp_path: Path) -> None:
    round_ = made_round(3, epsilon=2.0)
    first, second = (
        sum_of(Pictures(30, 0), round_, OWNERS[0], MadeEncoder(), book(tmp_path, OWNERS[0])) for _ in range(2)
    )
    assert first.sum.to_bytes(round_) == second.sum.to_bytes(round_)
    assert (first.again, second.again) == (False, True)
    with pytest.raises(Refused, match="told already"):
        sum_of(Pictures(31, 0), round_, OWNERS[0], MadeEncoder(), book(tmp_path, OWNERS[0]))


def test_persons_count_as_often_as_agreed(tmp_path: Path) -> None:
    round_ = made_round(3, epsilon=2.0, unit="person", most=2)
    made = sum_of(Pictures(60, 0, persons=5), round_, OWNERS[0], MadeEncoder(), book(tmp_path, OWNERS[0]))
    assert made.pictures == 10
    assert any("beyond 2 of a person" in note for note in made.notes)
    assert round_.scale == pytest.approx(2 * made_round(3, epsilon=2.0).scale)
    with pytest.raises(BadInput, match="names none"):
        sum_of(Pictures(60, 0), round_, OWNERS[1], MadeEncoder(), book(tmp_path, OWNERS[1]))


def test_a_picture_that_comes_twice_counts_once(tmp_path: Path) -> None:
    source = Pictures(30, 0)
    source.pixels[29] = source.pixels[2]
    made = sum_of(source, made_round(3), OWNERS[0], MadeEncoder(), book(tmp_path, OWNERS[0]), told=True)
    assert made.pictures == 29
    assert made.notes == ["pictures that came twice, and count once: 1"]


class Broken(MadeEncoder):
    """Gives a number that is not finite."""

    def embed(self, pictures: object) -> F32:
        found = super().embed(pictures)  # type: ignore[arg-type]
        found[0, 0] = np.nan
        return found


class Other(MadeEncoder):
    """An encoder with other weights."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = Facts("made", "0" * 64, 12)


def test_what_an_owner_is_refused_enters_nothing(tmp_path: Path) -> None:
    plain, ledger = made_round(3), book(tmp_path, OWNERS[0])
    some = Pictures(30, 0)
    for call, error, says in (
        (lambda: sum_of(some, plain, OWNERS[0], MadeEncoder(), ledger), Refused, "no privacy"),
        (lambda: sum_of(some, plain, OWNERS[9], MadeEncoder(), ledger, told=True), WrongKey, "no owner"),
        (lambda: sum_of(some, plain, OWNERS[0], Other(), ledger, told=True), Mismatch, "this is made with 0000"),
        (lambda: sum_of(some, plain, OWNERS[0], Broken(), ledger, told=True), BadImage, "not finite"),
        (lambda: sum_of(Pictures(4, 0), plain, OWNERS[0], MadeEncoder(), ledger, told=True), Refused, "at least 5"),
        (lambda: sum_of(some, made_round(3, least_class=11), OWNERS[0], MadeEncoder(), ledger, told=True),
         Refused, "class 'cat' has 10 pictures here"),
        (lambda: sum_of(some, made_round(3, epsilon=9.5), OWNERS[0], MadeEncoder(), ledger),
         Refused, r"epsilon 9\.\d+ in all rounds together, the limit is 8"),
    ):  # fmt: skip
        with pytest.raises(error, match=says):
            call()
    strange = Pictures(30, 0)
    strange.classes = ["cat", "dog", "cow"]
    with pytest.raises(BadSource, match="'cow'"):
        sum_of(strange, plain, OWNERS[0], MadeEncoder(), ledger, told=True)
    assert not book(tmp_path, OWNERS[0]).entries


def test_two_private_rounds_add_up_against_the_limit(tmp_path: Path) -> None:
    some = Pictures(30, 0)
    for number in range(3):
        round_ = made_round(3, epsilon=5.0)
        call = lambda round_=round_: sum_of(some, round_, OWNERS[0], MadeEncoder(), book(tmp_path, OWNERS[0]))  # noqa: E731
        if number < 2:
            call()
        else:
            with pytest.raises(Refused, match="the limit is 8"):
                call()


def test_a_total_in_which_a_class_has_no_pictures_trains_nothing(tmp_path: Path) -> None:
    class Two(Pictures):
        """No eels."""

        def __init__(self, seed: int) -> None:
            super().__init__(45, seed)
            keep = [i for i in range(45) if self.items[i].label != 2]
            self.items, self.pixels = [self.items[i] for i in keep], self.pixels[keep]

    round_ = made_round(2)
    sums = [
        sum_of(Two(i), round_, one, MadeEncoder(), book(tmp_path, one), told=True).sum
        for i, one in enumerate(OWNERS[:2])
    ]
    with pytest.raises(TrainingProblem, match="'eel' has no pictures"):
        train(add(sums, round_))


@pytest.mark.parametrize("epsilon", [None, 8.0])
def test_a_balanced_head_is_as_if_classes_were_equal(epsilon: float | None) -> None:
    """One class of 1,000 pictures beside two of 60: the small ones are missed, and found again."""
    round_ = made_round(3, epsilon=epsilon, width=6)
    rng = np.random.default_rng(0)
    means, count = rng.normal(size=(3, 6)), [1000, 60, 60]

    def drawn(*sizes: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.repeat(np.arange(3), sizes)
        z = means[labels] + rng.normal(size=(len(labels), 6))
        z *= np.sqrt(1 - 0.09) / np.linalg.norm(z, axis=1, keepdims=True)
        return np.trunc(np.c_[z, np.full(len(z), 0.3)] * 4096).astype(np.int64), labels

    total, (test, truth) = Total(round_, moments(*drawn(*count), round_)), drawn(300, 300, 300)
    found = {how: train(total, method=how) for how in ("ridge", "balanced")}
    right = {how: (head.scores(test).argmax(axis=1) == truth).mean() for how, head in found.items()}
    assert right["balanced"] > right["ridge"] + 0.05, right
    assert found["balanced"].card.method == "balanced"
    even = Total(round_, moments(*drawn(50, 50, 50), round_))
    assert train(even, method="balanced").weights == pytest.approx(train(even).weights, rel=1e-12)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a child that can be killed at a chosen step is a fork")
def test_a_kill_at_any_step_leaves_ledger_and_files_sound(tmp_path: Path) -> None:
    """A child dies at each use of a file in turn. The same command then gives the very bytes, and one entry."""
    round_, kills = made_round(3, epsilon=2.0), 0

    def tell(folder: Path) -> None:
        ledger = book(folder, OWNERS[0])
        made = sum_of(Pictures(30), round_, OWNERS[0], MadeEncoder(), ledger, cache=folder / "cache")
        envelope.write(folder / "a.sum", made.sum.to_bytes(round_))

    def dies(folder: Path, last: int) -> bool:
        used = 0

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal used
            if event in USES and str(folder) in str(arguments):
                used += 1
                if used > last:
                    os._exit(9)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # newer Pythons warn of threads beside a fork
            child = os.fork()
        if not child:
            sys.addaudithook(watch)
            tell(folder)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0

    tell(tmp_path / "whole")
    expected = (tmp_path / "whole" / "a.sum").read_bytes()
    while dies(folder := tmp_path / str(kills), kills):
        kills += 1
        sum_file = folder / "a.sum"
        assert not sum_file.exists() or sum_file.read_bytes() == expected
        sum_file.unlink(missing_ok=True)
        tell(folder)
        assert sum_file.read_bytes() == expected
        assert len(book(folder, OWNERS[0]).entries) == 1
        assert not [*folder.rglob(".*.part")]
    assert kills > 10


def test_a_head_reads_back_and_answers_at_home(tmp_path: Path) -> None:
    from imveil.errors import BadMessage

    head = train(_total(tmp_path))
    path = tmp_path / "head.safetensors"
    path.write_bytes(head.to_bytes())
    again = Head.read(path)
    assert again.weights.tobytes() == head.weights.tobytes()
    assert again.card == head.card
    table = confusion(answer(again, Pictures(300, 99), MadeEncoder()), 3)
    assert table.trace() > 0.9 * table.sum()
    data = path.read_bytes()
    for at in [*range(0, len(data), 17), len(data) - 1]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(BadMessage):
            Head.read(path)


def _total(folder: Path) -> Total:
    round_ = made_round(3)
    return add(all_sums(round_, folder), round_)


def test_embeddings_are_computed_once_and_a_cut_cache_goes_on(tmp_path: Path) -> None:
    source, encoder = Pictures(300, 0), MadeEncoder()
    first = embed(source, range(300), encoder, tmp_path / "cache")
    assert encoder.seen == 300
    [file] = (tmp_path / "cache").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert (embed(source, range(300), encoder, tmp_path / "cache").numbers == first.numbers).all()
    assert encoder.seen == 300
    file.write_bytes(file.read_bytes()[:-5])  # killed while it wrote
    assert (embed(source, range(300), encoder, tmp_path / "cache").numbers == first.numbers).all()
    assert encoder.seen == 301

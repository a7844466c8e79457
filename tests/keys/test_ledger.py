"""The ledger refuses what would tell something twice, survives a kill at any byte, and notices that it was lost."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from imveil.errors import BadKeyFile, Refused
from imveil.keys.ledger import Ledger, Release
from private import OWNERS, book

ONE = OWNERS[0]
INF = float("inf")


def release(study: str = "s", step: int = 0, table: str = "t", mu: float = INF, least: int = 10) -> Release:
    return Release(study, f"{study}{step}", step, table, mu, least)


def pictures(*names: int) -> np.ndarray:
    return np.array(names, np.uint64)


def fine(mus: Sequence[float]) -> str:
    del mus
    return ""


def test_the_same_release_is_known_again_and_another_is_refused(tmp_path: Path) -> None:
    ledger, some = book(tmp_path, ONE), pictures(*range(100))
    assert not ledger.admit(release(), some, fine)
    assert book(tmp_path, ONE).admit(release(), some, fine)
    for other in (release(table="u"), release(mu=1.0)):
        with pytest.raises(Refused, match="told already"):
            ledger.admit(other, some, fine)
    with pytest.raises(Refused, match="told already"):
        ledger.admit(release(), pictures(*range(99)), fine)
    assert len(book(tmp_path, ONE).entries) == 1


def test_a_set_is_told_once_and_near_sets_never(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    ledger.admit(release("a"), pictures(*range(100)), fine)
    with pytest.raises(Refused, match="these very pictures"):
        ledger.admit(release("b"), pictures(*range(100)), fine)
    with pytest.raises(Refused, match="differ from an earlier round's by 9 only"):
        ledger.admit(release("b"), pictures(*range(9, 100)), fine)
    with pytest.raises(Refused, match="differ from an earlier round's by 9 only"):
        ledger.admit(release("b", mu=1.0), pictures(*range(9, 100)), fine)
    ledger.admit(release("b"), pictures(*range(10, 100)), fine)
    ledger.admit(release("c", mu=1.0), pictures(*range(200, 300)), fine)
    ledger.admit(release("d", mu=1.0), pictures(*range(201, 300)), fine)  # noise covers that one


def test_steps_of_a_study_sum_the_same_pictures(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    ledger.admit(release("a", 0), pictures(*range(50)), fine)
    ledger.admit(release("a", 1, "u"), pictures(*range(50)), fine)
    with pytest.raises(Refused, match="sum the same pictures"):
        ledger.admit(release("a", 2, "v"), pictures(*range(90)), fine)


def test_the_budget_counts_rounds_that_share_a_picture(tmp_path: Path) -> None:
    ledger, seen = book(tmp_path, ONE), []

    def spent(mus: Sequence[float]) -> str:
        seen.append(list(mus))
        return "too much" if len(mus) > 2 else ""

    ledger.admit(release("a", mu=0.5), pictures(1, 2, 3), spent)
    ledger.admit(release("b", mu=0.25), pictures(3, 4), spent)
    ledger.admit(release("c", mu=1.0), pictures(7, 8), spent)
    with pytest.raises(Refused, match="too much"):
        ledger.admit(release("d", mu=0.125), pictures(3, 9), spent)
    assert seen == [[0.5], [0.5, 0.25], [1.0], [0.5, 0.25, 0.125]]
    assert len(ledger.entries) == 3


def test_a_lost_ledger_is_said_and_needs_a_word(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    ledger.admit(release("a"), pictures(*range(50)), fine)
    shutil.rmtree(ledger.place)
    with pytest.raises(Refused, match="was lost") as refused:
        book(tmp_path, ONE)
    assert "--new-ledger" in refused.value.hint
    assert not book(tmp_path, ONE, new=True).entries
    assert not book(tmp_path, ONE).entries


def test_an_old_copy_is_noticed(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    ledger.admit(release("a"), pictures(*range(50)), fine)
    shutil.copytree(ledger.place, tmp_path / "copy")
    ledger.admit(release("b"), pictures(*range(100, 150)), fine)
    shutil.rmtree(ledger.place)
    shutil.copytree(tmp_path / "copy", ledger.place)
    with pytest.raises(Refused, match="old copy"):
        book(tmp_path, ONE)


def test_killed_at_any_byte_it_opens_and_says_no_less_than_was_told(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    ledger.admit(release("a"), pictures(*range(50)), fine)
    before, mark = (ledger.place / "entries").read_bytes(), ledger._mark.read_bytes()
    ledger.admit(release("b"), pictures(*range(100, 150)), fine)
    after = (ledger.place / "entries").read_bytes()
    ledger._mark.write_bytes(mark)  # killed before the mark moved on
    for cut in [*range(len(before), len(after), 37), len(after)]:
        (ledger.place / "entries").write_bytes(after[:cut])
        found = Ledger(ONE, ledger.place, ledger._mark)
        assert len(found.entries) == (2 if cut == len(after) else 1)
        ledger._mark.write_bytes(mark)


def test_an_altered_entry_and_another_identity_are_refused(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    ledger.admit(release("a"), pictures(*range(50)), fine)
    with pytest.raises(BadKeyFile, match="altered, or is another identity's"):
        Ledger(OWNERS[1], ledger.place, tmp_path / "mark")
    data = (ledger.place / "entries").read_bytes()
    for at in range(0, len(data) - 1, 11):
        (ledger.place / "entries").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises((BadKeyFile, Refused)):
            book(tmp_path, ONE)


def test_it_is_for_its_owner_alone_and_names_no_picture(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    ledger.admit(release("a"), np.array([ledger.digest(b"x" * 32)], np.uint64), fine)
    assert ledger.place.stat().st_mode & 0o077 == 0
    for file in ledger.place.iterdir():
        assert file.stat().st_mode & 0o077 == 0
    assert book(tmp_path, ONE).digest(b"x" * 32) != book(tmp_path, OWNERS[1]).digest(b"x" * 32)


def test_noise_is_the_same_for_the_same_release_only(tmp_path: Path) -> None:
    ledger = book(tmp_path, ONE)
    first = ledger.noise(release()).bytes(16)
    assert ledger.noise(release()).bytes(16) == first
    assert ledger.noise(release(table="u")).bytes(16) != first
    assert ledger.noise(release(study="z")).bytes(16) != first

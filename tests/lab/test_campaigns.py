"""Campaigns, ladders, published figures and the curve: what is asked, and how answers are read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts.records.campaigns import CAMPAIGNS, CURVE, LADDERS, SEED
from scripts.records.published import PUBLISHED, reached
from scripts.records.windows import WINDOWS, Windowed, flat_ssim
from scripts.tables.curve import curve_table, draw, points
from skimage.metrics import structural_similarity

import imveil
from imveil import attacks, record
from imveil.errors import MissingExtra
from imveil.lab import questions, samples
from imveil.lab.claims import Evidence
from imveil.lab.measurement import NOTHING, answers
from imveil.lab.questions import Question
from imveil.record import Record
from scenes import scenes


def answer(question: Question, value: float, seed: int = 0, control: Any = None, **found: Any) -> Record:
    """A record as a game of the question makes it."""
    attack = attacks.find(question.attack)
    facts = {
        "attack": question.attack,
        "scheme": question.scheme,
        "fields": imveil.find(question.scheme, **question.fields).config(),
        "data": question.data,
        "terms": question.terms.used(attack.needs),
        "needs": sorted(attack.needs),
    }
    usual = {"psnr": 30.0, "sign": 1.0, "ssim": value, "exact": 0.0, "identified": 0.5, "queries": 0, "notes": {}}
    noise = {"recovery": 0.0, "low": 0.0, "identified": 0.0} if control is None else control
    return record.measured(
        kind="recovery", name=question.attack, digest=json.dumps(facts, sort_keys=True), seed=seed,
        facts={**facts, "found": {**usual, **found, "control": noise or None}},
        value=value, unit="", n=100, low=value, high=value, seconds=1.0,
    )  # fmt: skip


@pytest.mark.parametrize("name", LADDERS)
def test_rungs_are_games_that_can_be_played(name: str) -> None:
    assert name in attacks.names()
    seen = set()
    for rung in LADDERS[name]:
        scheme = imveil.find(rung.question.scheme, **rung.question.fields)
        assert rung.question.attack == name
        assert attacks.find(name).suits(scheme)
        assert rung.question.terms.targets >= 20
        seen.add(rung.words)
    assert len(seen) == len(LADDERS[name])
    assert [ladder[0] for ladder in CAMPAIGNS[name]()] == [rung.question for rung in LADDERS[name]]


def test_the_curve_is_asked_whole() -> None:
    asked = list(CAMPAIGNS["curve"]())
    assert all(len(ladder) == 1 for ladder in asked), "a curve is never left early"
    games: list[Any] = [ladder[0] for ladder in asked]
    for attack in ("many-time-pad", "many-time-pad-public"):
        assert [g.terms.ciphers for g in games if (g.attack, g.scheme, g.fields) == (attack, SEED, {})] == [*CURVE]
    assert {g.scheme for g in games} >= {"negpos/1", "henon-xor/1", "skew-tent-xor/1", "lattice-xor/1", "aes-xor/1"}


class Counted:
    """A need that gives what it is told to, and counts."""

    kind, seconds = "recovery", 0.0

    def __init__(self, name: str, value: float, asked: list[str], seconds: float = 0.0) -> None:
        self.name, self.value, self.asked, self.seconds = name, value, asked, seconds

    def digest(self) -> str:
        return self.name

    def measure(self, seed: int) -> Record:
        if self.value < 0:
            raise MissingExtra("this needs torch")
        self.asked.append(self.name)
        return answer(Question("fold", "negpos/1"), self.value, seed).model_copy(update={"digest": self.name})


def climbed(values: list[float], **how: Any) -> str:
    asked: list[str] = []
    list(answers([[Counted(str(i), v, asked) for i, v in enumerate(values)]], seeds=1, **how))
    return "".join(asked)


def test_a_ladder_is_left_as_soon_as_the_rest_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh(values: list[float]) -> str:
        for file in tmp_path.iterdir():
            file.unlink()
        return climbed(values)

    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    assert fresh([1.0, 1.0, 1.0]) == "0", "everything came back from the least"
    assert fresh([0.0, 0.0, NOTHING / 2]) == "02", "nothing comes back from the most"
    assert fresh([0.0, 0.5, 1.0, 1.0, 1.0]) == "0412", "the least that gives all is looked for"
    assert fresh([0.0, 0.2, 0.3, 0.6]) == "0312"
    assert fresh([0.0, -1.0]) == "0", "without torch a game is left out, and the rest is played"


def test_what_takes_longer_than_is_left_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    asked: list[str] = []
    long, short = Counted("long", 0.5, asked, seconds=1000), Counted("short", 0.5, asked)
    list(answers([[long], [short]], seeds=1, budget=100))
    assert asked == ["short"]


def test_what_is_known_is_measured_again_where_that_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    asked: list[str] = []
    for again in (False, False, True):
        list(answers([[Counted("x", 0.3, asked)]], seeds=1, again=again))
    assert asked == ["x", "x"]


def test_a_game_without_its_control_is_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    question = Question("fold", "negpos/1")
    bare = answer(question, 0.3, control=False).model_copy(update={"digest": "x"})
    record.append(bare)
    asked: list[str] = []
    list(answers([[Counted("x", 0.3, asked)]], seeds=1))
    assert asked == ["x"]
    assert not question.answered_by(bare)
    assert question.answered_by(answer(question, 0.3))
    assert not Question("fold", "negpos/1", {"per_image": True}).answered_by(answer(question, 0.3))


def test_training_is_asked_too_after_the_quick_attacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "pictures_of", lambda _: np.zeros((2100, 32, 32, 3), np.uint8))
    asked = questions.questions(["le/1"])
    seconds = [ladder[0].seconds for ladder in asked if not attacks.find(ladder[0].attack).slow]
    assert seconds == sorted(seconds)
    assert seconds[-1] > 0
    [one] = [ladder for ladder in asked if ladder[0].attack == "inverse-net"]
    assert (one[0].terms.targets, one[0].terms.pairs) == (20, 1000)


# published figures


def test_published_figures_are_judged_from_records_alone() -> None:
    assert {one.judge(Evidence([])).verdict for one in PUBLISHED} == {"not measured"}
    assert {one.attack for one in PUBLISHED} <= set(attacks.names())


def test_a_figure_is_reached_when_every_number_is() -> None:
    judge = reached("many-time-pad", SEED, "{}, {}", ("psnr", 36, 99), ("sign", 0.5, 1), amount=30)
    question = replace(Question("many-time-pad", SEED), terms=replace(questions.TERMS, ciphers=30))
    runs = [answer(question, 0.9, seed, psnr=db) for seed, db in enumerate((35.0, 38.0, 38.0))]
    good = judge(Evidence(runs))
    assert good.verdict == "held"
    assert good.words == "37.0 dB (sd 1.7), 1.000 (sd 0.000); n = 3 x 100"
    assert judge(Evidence(runs[:1])).verdict == "refuted"
    exact = [answer(question, 1.0, seed, psnr=None) for seed in range(2)]
    assert judge(Evidence(exact)).words.startswith("most pictures exact, ")


def test_the_flat_window_is_scikit_image_s() -> None:
    truth, guess = scenes(3), scenes(3, seed=5)
    ours = flat_ssim(truth, guess)
    for x, y, value in zip(truth, guess, ours):
        theirs = structural_similarity(x, y, channel_axis=2, data_range=255)
        assert value == pytest.approx(theirs, abs=1e-9)


def test_windows_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "pictures_of", lambda _: scenes(12))
    found = {window: Windowed(window).measure(0) for window in WINDOWS}
    assert len({one.digest for one in found.values()}) == len(WINDOWS)
    for window, one in found.items():
        assert one.digest == Windowed(window).digest()
        assert -1 <= one.low <= one.value <= one.high <= one.facts["largest"] <= 1


# the curve


def test_the_curve_comes_from_records(tmp_path: Path) -> None:
    def at(n: int, attack: str = "many-time-pad") -> Question:
        return Question(attack, SEED, terms=replace(questions.TERMS, ciphers=n))

    games = [answer(at(n), 0.9, seed, psnr=30.0 + n / 10 + seed) for n in (5, 100) for seed in (0, 1)]
    games += [
        answer(at(7), 0.9),
        answer(Question("fold", SEED), 0.1),
        answer(at(100, "many-time-pad-public"), 1, psnr=None),
    ]
    header, rows = curve_table(games)
    assert [row[0] for row in rows] == ["5", "100"]
    assert all(len(row) == len(header) for row in rows)
    assert rows[0][1:4] == ["31.0", "0.7", "100%"]
    assert rows[1][6:8] == ["exact", ""]
    assert [r.amount for r in points(games)["many-time-pad"]] == [5, 100]
    file = tmp_path / "curve.png"
    draw(games, file)
    from PIL import Image

    assert len(np.unique(np.asarray(Image.open(file).convert("L")))) > 5

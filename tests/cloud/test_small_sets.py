"""Few pictures, a busy machine, uneven classes, parts that do not fit: what a user with a data set of his own meets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scripts.records import small_sets  # noqa: E402

import imveil  # noqa: E402
from cipher_sets import write_set  # noqa: E402
from imveil import cloud  # noqa: E402
from imveil.audit.game.challenger import key_of  # noqa: E402
from imveil.cloud.scores import opened, scored  # noqa: E402
from imveil.cloud.training import budget as budgets  # noqa: E402
from imveil.cloud.training.budget import Budget  # noqa: E402
from imveil.cloud.training.health import Health  # noqa: E402
from imveil.cloud.training.loop import Settings, fit  # noqa: E402
from imveil.cloud.training.run import train as train_on  # noqa: E402
from imveil.cloud.training.saving import Saver, alone  # noqa: E402
from imveil.errors import BadDestination, BadDtype, BadShape, Diverged, Mismatch, TrainingProblem, Unavailable  # noqa: E402

NET = {"width": 4, "adapter": "none"}


def said(place: Path, **options: Any) -> tuple[Any, dict[str, str]]:
    """A model, and what was said on the way."""
    told: dict[str, str] = {}
    return train_on(place, tell=lambda name, text: told.update({name: text}), **{**NET, **options}), told


@pytest.mark.parametrize(
    ("scheme", "fields"), [("plain/1", {}), ("logistic-xor/1", {}), ("negpos/1", {"per_image": True})]
)
def test_a_busy_machine_makes_it_late_and_not_useless(
    scheme: str, fields: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step seems to take a second, of a budget of ten: what is learnt is that of a quiet machine."""
    rng = np.random.default_rng(0)
    labels = np.arange(160) % 2
    images = rng.integers(0, 120, (160, 8, 8, 3)).astype(np.uint8)
    images[labels == 1, :4] //= 4
    hidden = imveil.find(scheme, **fields)
    ciphers = hidden.encrypt(images, key_of(0), [str(k) for k in range(160)]).images
    monkeypatch.setattr(Budget, "timed", lambda self, step: (self.took.append(1.0), step())[1])
    told: list[str] = []
    adapter = {"plain/1": "none", "logistic-xor/1": "none", "negpos/1": "fold_sort"}[scheme]
    settings = Settings(width=8, batch=16, lr=0.02, warmup=30, clip=2.0, adapter=adapter, flip=False, shift=0)
    parts = (ciphers[:120], labels[:120].astype(np.int64)), (ciphers[120:], labels[120:].astype(np.int64))
    trained = fit(parts[0], 2, settings, valid=parts[1], budget=Budget(10, tell=told.append), names=["a", "b"])
    assert "300 steps of 16 pictures" in told[0]
    assert "more than the budget" in told[0]
    assert trained.settings.steps == 300
    assert trained.history[-1].valid is not None
    assert trained.history[-1].valid > 0.85


def test_a_run_is_looked_at_a_few_times_and_the_plan_has_room_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (64, 8, 8, 3)).astype(np.uint8), np.arange(64) % 2
    looked: list[int] = []
    monkeypatch.setattr(Health, "trouble", lambda _, run: looked.append(run.done) or "")
    settings = Settings(width=4, batch=16, epochs=50, warmup=30)
    fit((images, labels), 2, settings, names=["a", "b"])
    assert looked == [60, 120, 180, 200], "by three shares of 200 steps, and at the end"
    monkeypatch.setattr(Budget, "timed", lambda self, step: (self.took.append(0.1), step())[1])
    monkeypatch.setattr(Budget, "_asked", lambda *_: 0.2)
    told: list[str] = []
    fit((images, labels), 2, settings, valid=(images[:1], labels[:1]), budget=Budget(100, tested=10, tell=told.append))
    steps = int(told[0].split()[0])
    assert 300 < steps < (0.97 * 100 - 0.2 * (4 * 64 + 10)) / 0.1 + 20, "266 answers take more than half of the time"


def test_a_run_that_goes_wrong_is_begun_once_more_and_says_so(tmp_path: Path) -> None:
    place = write_set(tmp_path / "set")
    model, told = said(place, lr=2.0, epochs=40, recipe={"clip": 0, "momentum": 0.99}, checkpoint=tmp_path / "c")
    assert "begun anew with a rate of 0.5, a quarter" in told["again"]
    assert model.info.settings.lr == pytest.approx(0.5)
    assert [one.number for one in model.history] == list(range(1, 41))
    images, labels = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 3)).astype(np.uint8), np.arange(32) % 2
    again: list[str] = []
    settings = Settings(width=4, batch=16, epochs=40, lr=1e-9)
    fit((images, labels), 2, settings, names=["a", "b"], tell=lambda name, text: again.append(f"{name}: {text}"))
    assert [text.partition(":")[0] for text in again] == ["again", "warning"], "so slow that nothing is learnt"
    assert "all answers are" in again[0] or "by chance" in again[0]
    with pytest.raises(Diverged, match="NaN"):
        fit((images, labels), 2, replace(settings, lr=1e30), names=["a", "b"], tell=lambda *_: None)


def test_what_is_learnt_by_heart_and_serves_for_nothing_else_is_said() -> None:
    rng, labels = np.random.default_rng(0), np.arange(48) % 2
    images, others = (rng.integers(0, 256, (48, 8, 8, 3)).astype(np.uint8) for _ in range(2))
    settings = Settings(width=16, batch=16, epochs=60, flip=False, shift=0)
    told: list[str] = []
    for count in (48, 20):
        held = others[:count], labels[:count]
        fit(
            (images, labels),
            2,
            settings,
            valid=held,
            names=["a", "b"],
            tell=lambda name, text: told.append(f"{name}: {text}"),
        )
    assert any(text.startswith("held out: held-out pictures are answered no better than by chance (") for text in told)
    assert told[-1].startswith("warning: held-out pictures are answered no better than by chance (")
    assert sum(text.startswith("warning") for text in told) == 1, "of twenty pictures nothing is said"


def test_parts_that_do_not_fit_are_refused_before_the_first_step(tmp_path: Path) -> None:
    for name, split in (("test", "test"), ("valid", "val")):
        place = write_set(tmp_path / name, splits={"train": 8, split: 4}, shapes={split: (8, 8, 1)})
        with pytest.raises(BadShape, match=f"train on are 8x8x3, those of the split '{split}' are 8x8x1"):
            said(place, progress=lambda _: pytest.fail("a step was made"))


def test_a_class_that_only_the_test_has_is_counted_apart(tmp_path: Path) -> None:
    place = write_set(tmp_path / "set", missing=[("train", 1)])
    model, told = said(place, epochs=8)
    assert model.classes == ["class0", "class2"]
    assert model.score.n == 20
    assert model.score.apart == {"class1": 10}
    assert "10 pictures are of the class class1" in told[""] or "augment" in told


def test_classes_match_by_name(tmp_path: Path) -> None:
    model, _ = said(write_set(tmp_path / "set"), epochs=12)
    assert model.score.accuracy > 0.8
    turned = write_set(tmp_path / "turned", names=["class2", "other4", "class0"])
    score, _ = scored(model, opened(model.info, turned))
    assert (score.n, score.apart) == (20, {"other4": 10})
    assert score.accuracy > 0.8
    assert score.confusion[1].sum() == 0
    foreign = write_set(tmp_path / "foreign", names=["cat7", "dog8"])
    with pytest.raises(Mismatch, match="knows the classes class0, class1, class2"):
        opened(model.info, foreign)


def test_a_head_is_taken_over_by_the_names_of_classes(tmp_path: Path) -> None:
    model, _ = said(write_set(tmp_path / "set"), epochs=8)
    model.save(tmp_path / "m")
    place = write_set(tmp_path / "turned", names=["class2", "other4", "class0"])
    new, told = said(place, start=tmp_path / "m", epochs=1, lr=1e-9)
    assert "the head of 2 of 3 classes, other4 begin anew" in told["from"]
    head, old = (list(one.net.net.parameters())[-1] for one in (new, model))
    assert torch.allclose(head[0], old[2], atol=1e-5)
    assert torch.allclose(head[2], old[0], atol=1e-5)
    assert not torch.allclose(head[1], old[1], atol=1e-2)


def test_uneven_classes_are_said_and_may_count_alike(tmp_path: Path) -> None:
    place = write_set(tmp_path / "set", splits={"train": 90, "test": 30}, few={1: 12, 2: 12})
    model, told = said(place, epochs=1)
    assert "always answering 'class0' would be right for 7" in told["classes"]
    assert "--weights balanced" in told["classes"]
    most, level = model.score.always
    assert (most, round(level, 2)) == (0, 0.56)
    assert model.score.balanced <= model.score.accuracy
    model, told = said(place, epochs=30, lr=0.05, weights="balanced")
    assert "every class counts alike" in told["classes"]
    assert model.info.settings.weights == "balanced"
    assert model.score.balanced > 0.8


def test_the_model_is_kept_before_it_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imveil.cloud.training import run

    place, saver = write_set(tmp_path / "set"), Saver(tmp_path / "m")
    (tmp_path / "m").write_text("came meanwhile")
    with monkeypatch.context() as patch:
        patch.setattr(run, "evaluate", lambda *_: (_ for _ in ()).throw(TrainingProblem("no scores today")))
        with pytest.raises(TrainingProblem, match="today"):
            said(place, epochs=1, keep=saver)
    assert saver.place == tmp_path / "m-2"
    assert cloud.load(saver.place).info.test is None
    assert (tmp_path / "m").read_text() == "came meanwhile"
    model, _ = said(place, epochs=1, keep=Saver(tmp_path / "n"))
    assert cloud.load(tmp_path / "n").info.test == (model.score.right, model.score.n)


def test_one_run_a_model(tmp_path: Path) -> None:
    with (
        alone(tmp_path / "m"),
        pytest.raises(BadDestination, match="another run is training m now"),
        alone(tmp_path / "m"),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_a_step_longer_than_the_budget_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr(budgets.time, "monotonic", lambda: next(clock))
    with pytest.raises(TrainingProblem, match=r"a step takes 5\.0 s here, more than the budget of 2\.0 s; give"):
        Budget(2, begin=0).timed(lambda: torch.zeros(()))


def test_kinds_that_differ_are_named() -> None:
    from imveil.cloud.checks import check_alike

    with pytest.raises(BadDtype, match=r"train on are uint8, those of the split 'test' are float32; .*--channels"):
        check_alike(np.zeros((1, 2, 2, 3), np.float32), np.zeros((1, 2, 2, 3), np.uint8), "test")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("one", "seed"), [(one, small_sets.BUDGETS.index(one.budget)) for one in small_sets.budgets()], ids=str
)
def test_no_run_of_thirty_stays_at_chance(one: small_sets.Small, seed: int) -> None:
    """Real pictures, encrypted and trained on as `imveil train --budget` does; it prints what it reached."""
    try:
        found = one.measure(seed)
    except Unavailable as error:
        pytest.skip(str(error))
    assert found.n is not None
    print(f"\n{one}: {found.value} %, {found.seconds} s")
    assert found.value / 100 > 1 / found.facts["found"]["classes"] + 3 * (0.25 / found.n) ** 0.5

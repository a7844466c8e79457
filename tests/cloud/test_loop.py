"""The loop: it learns, it repeats to the bit, it goes on where it was killed, and it refuses what it cannot learn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from imveil.cloud.classifier import Classifier  # noqa: E402
from imveil.cloud.data.cipher_dataset import hold_out, keep_some, pick_split  # noqa: E402
from imveil.cloud.device import pick_device, precision_of  # noqa: E402
from imveil.cloud.prediction import Score, evaluate, hits, predict_logits, sound  # noqa: E402
from imveil.cloud.training import checkpoint as checkpoints  # noqa: E402
from imveil.cloud.training.group import Group  # noqa: E402
from imveil.cloud.training.loop import Progress, Settings, fit, prepare  # noqa: E402
from imveil.errors import BadDtype, BadField, BadModelFile, BadShape, TrainingProblem  # noqa: E402
from imveil.interval import wilson  # noqa: E402

TINY = Settings(width=4, epochs=3, batch=16, seed=5)


def pictures(n: int = 96, side: int = 8, classes: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Classes that differ in where the bright half is, with noise: easy, not trivial."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    images = rng.integers(0, 120, (n, side, side, 3))
    for k, label in enumerate(labels):
        images[k, :, :, label % 3] += 100
        images[k, : side // 2] += 30 * (label // 3)
    return images.astype(np.uint8), labels.astype(np.int64)


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    one, two = a.state_dict(), b.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


@pytest.mark.parametrize("model", ["cnn", "resnet18"])
@pytest.mark.parametrize("precision", ["float32", "bf16", "fp16"])
def test_it_learns(model: str, precision: Any) -> None:
    settings = replace(TINY, model=model, epochs=8, precision=precision, lr=0.1)
    trained = fit(pictures(), 3, settings, valid=pictures(30, seed=1))
    score = evaluate(trained.net, *pictures(60, seed=2))
    assert score.accuracy > 0.9
    assert [e.number for e in trained.history] == list(range(1, 9))
    assert trained.history[-1].loss < trained.history[0].loss
    assert trained.history[-1].valid is not None
    assert trained.history[-1].valid > 0.8


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    torch.manual_seed(1)
    one = fit(pictures(), 3, TINY)
    torch.manual_seed(2)
    two = fit(pictures(), 3, TINY)
    assert same(one.net, two.net)
    assert not same(one.net, fit(pictures(), 3, replace(TINY, seed=6)).net)


def test_the_world_outside_is_left_as_it_was() -> None:
    state, handler = torch.get_rng_state(), signal.getsignal(signal.SIGTERM)
    images, labels = pictures()
    before = images.copy()
    images.flags.writeable = False
    fit((images, labels), 3, TINY)
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(before, images)
    assert signal.getsignal(signal.SIGTERM) == handler


def test_validation_changes_no_bit_of_the_net() -> None:
    assert same(fit(pictures(), 3, TINY).net, fit(pictures(), 3, TINY, valid=pictures(9, seed=3)).net)


@pytest.mark.parametrize("moved", ["input", "adapted"])
def test_squares_are_cut_out_of_what_is_trained_on_alone(moved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shares: dict[bool, set[float]] = {True: set(), False: set()}
    answer = Classifier.answer

    def looked(net: Classifier, values: torch.Tensor) -> torch.Tensor:
        whole = (values == net.mean[:, None, None]).all(1).flatten(1).float().mean(1)
        shares[net.training] |= set(whole.tolist())
        return answer(net, values)

    monkeypatch.setattr(Classifier, "answer", looked)
    settings = replace(TINY, cut=4, moved=moved)
    one = fit(pictures(), 3, settings, valid=pictures(9))
    assert shares[False] == {0.0}
    assert min(shares[True]) >= 2 * 2 / 64
    assert max(shares[True]) == 4 * 4 / 64
    assert same(one.net, fit(pictures(), 3, settings).net)
    assert not same(one.net, fit(pictures(), 3, replace(settings, cut=0)).net)


class Stop(Exception):
    """Ends a run in the middle."""


@pytest.mark.parametrize("precision", ["float32", "bf16", "fp16"])
def test_a_resumed_run_ends_in_the_same_bits_after_an_epoch(tmp_path: Path, precision: Any) -> None:
    settings, place, data = replace(TINY, precision=precision), tmp_path / "c", pictures()

    def stop(at: Progress) -> None:
        if at.done is None and at.step > 2 * at.steps // 3:
            raise Stop

    with pytest.raises(Stop):
        fit(data, 3, settings, checkpoint=place, valid=pictures(9), progress=stop)
    assert place.exists()
    seen: list[int] = []
    trained = fit(data, 3, settings, checkpoint=place, valid=pictures(9), progress=lambda at: seen.append(at.step))
    whole = fit(data, 3, settings, valid=pictures(9))
    assert min(seen) > 12, "it started anew"
    assert same(trained.net, whole.net)
    assert [(e.number, e.loss, e.valid) for e in trained.history] == [
        (e.number, e.loss, e.valid) for e in whole.history
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_an_epoch_loses_nothing(tmp_path: Path, number: int) -> None:
    place, data, settings = tmp_path / "c", pictures(400), replace(TINY, epochs=2)

    def fresh(batch: torch.Tensor, draws: torch.Generator) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 20:
            os.kill(os.getpid(), number)
        return batch ^ torch.randint(0, 2, batch.shape, generator=draws, dtype=torch.uint8)

    calls = 0
    with pytest.raises(KeyboardInterrupt):
        fit(data, 3, settings, checkpoint=place, fresh=fresh)
    assert calls in (20, 21)
    resumed = fit(data, 3, settings, checkpoint=place, fresh=fresh)
    assert calls == 2 + 2 * 25, "steps were repeated or lost"  # a sample for the normalisation, twice
    calls = 100
    assert same(resumed.net, fit(data, 3, settings, fresh=fresh).net)


RUN = """
import sys, time
from pathlib import Path
from tests_loop import pictures, TINY
from imveil.cloud.training.loop import fit
from imveil.cloud.modelfile import describe, save_net
place, out, slow = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "slow"
def tell(at):
    print(at.step, at.done is not None, flush=True)
    if slow and at.done and at.done.number == 2:
        sys.stdin.read()  # stay here until killed
trained = fit(pictures(), 3, TINY, checkpoint=place, progress=tell)
about = dict(scheme="plain/1", fields={}, traits={}, fingerprint="none", images=96)
save_net(out, trained.net, describe(trained, ["a", "b", "c"], **about))
"""


def test_a_killed_process_goes_on_to_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "tests_loop.py").write_text(Path(__file__).read_text())

    def start(place: str, out: str, how: str) -> subprocess.Popen[str]:
        command = [sys.executable, "run.py", place, out, how]
        return subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with start("one", "one.model", "slow") as killed:
        assert killed.stdout
        for line in killed.stdout:
            if line.split() == ["12", "True"]:  # the second epoch is done, its checkpoint not yet written
                break
        killed.kill()
    assert not (tmp_path / "one.model").exists()
    with start("one", "one.model", "fast") as resumed:
        lines = resumed.communicate()[0].split("\n")
        assert resumed.returncode == 0
        assert lines[0] == "12 False", "it goes on from the checkpoint of the first epoch"
    with start("two", "two.model", "fast") as whole:
        whole.communicate()
        assert whole.returncode == 0
    assert (tmp_path / "one.model").read_bytes() == (tmp_path / "two.model").read_bytes()


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "c"
    fit(pictures(), 3, TINY, checkpoint=place)
    for settings, data, what in (
        (replace(TINY, lr=0.1), pictures(), "lr=0.3, not 0.1"),
        (TINY, pictures(seed=1), "other pictures"),
    ):
        with pytest.raises(TrainingProblem, match=what):
            fit(data, 3, settings, checkpoint=place)
    place.write_bytes(place.read_bytes()[:-3])
    with pytest.raises(BadModelFile, match="cut off"):
        fit(pictures(), 3, TINY, checkpoint=place)
    assert list(tmp_path.iterdir()) == [place], "nothing half written stays"


def test_a_checkpoint_of_a_finished_run_trains_nothing(tmp_path: Path) -> None:
    one = fit(pictures(), 3, TINY, checkpoint=tmp_path / "c")
    seen: list[Progress] = []
    two = fit(pictures(), 3, TINY, checkpoint=tmp_path / "c", progress=seen.append)
    assert same(one.net, two.net)
    assert not seen
    assert one.history == two.history


def test_the_digest_sees_values_shapes_and_order() -> None:
    a = np.arange(6, dtype=np.uint8)
    known = {checkpoints.digest(x) for x in (a, a.reshape(2, 3), a[::-1], a.astype(np.int64))}
    assert len(known) == 4


def test_fresh_pictures_set_shape_and_normalisation() -> None:
    def fresh(batch: torch.Tensor, _: torch.Generator) -> torch.Tensor:
        return 255 - batch[:, :4, :, :1]

    trained = fit(pictures(), 3, replace(TINY, epochs=1), fresh=fresh)
    assert trained.net.shape == (4, 8, 1)
    assert trained.normalisation.mean == pytest.approx([255 - pictures()[0][:, :4, :, 0].mean()])
    with pytest.raises(BadDtype, match="uint8 or float32, got float64"):
        fit(pictures(), 3, TINY, fresh=lambda batch, _: batch.double())


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingProblem, match=r"became NaN or infinite .*smaller learning rate than 1e\+30"):
        fit(pictures(), 3, replace(TINY, lr=1e30), checkpoint=tmp_path / "c")


@pytest.mark.parametrize("ema", [0.0, 0.5])
def test_a_net_that_diverges_in_its_last_update_is_not_kept(tmp_path: Path, ema: float) -> None:
    settings = replace(TINY, epochs=1, batch=96, lr=1e30, ema=ema)
    for place in (None, tmp_path / "c"):
        with pytest.raises(TrainingProblem, match=r"NaN or infinite after step 1; use a smaller .* and --restart"):
            fit(pictures(), 3, settings, checkpoint=place)
    assert not list(tmp_path.iterdir())


def test_the_last_good_checkpoint_outlives_a_net_that_diverges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, settings = tmp_path / "c", replace(TINY, batch=96)
    rate = Settings.rate
    with monkeypatch.context() as patch:
        patch.setattr(Settings, "rate", lambda self, step, total: 1e30 if step == 1 else rate(self, step, total))
        with pytest.raises(TrainingProblem, match="after step 2"):
            fit(pictures(), 3, settings, checkpoint=place)
    seen: list[int] = []
    resumed = fit(pictures(), 3, settings, checkpoint=place, progress=lambda at: seen.append(at.step))
    assert min(seen) == 2, "it goes on after the first step"
    assert same(resumed.net, fit(pictures(), 3, settings).net)


def test_looking_whether_a_net_is_sound_changes_nothing() -> None:
    trained = fit(pictures(), 3, replace(TINY, epochs=1))
    net, before = trained.net.train(), {k: v.clone() for k, v in trained.net.state_dict().items()}
    state = torch.get_rng_state()
    assert sound(net, torch.from_numpy(pictures()[0][:16]))
    assert net.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    next(net.net.parameters()).data.fill_(float("inf"))
    assert not sound(net, torch.from_numpy(pictures()[0][:16]))
    with pytest.raises(TrainingProblem, match="96 of 96 pictures with NaN"):
        evaluate(net, *pictures())


def bad_inputs() -> list[tuple[Any, Any, int, type[Exception], str]]:
    images, labels = pictures(12)
    return [
        (images.astype(np.float64), labels, 3, BadDtype, "float64"),
        (images[0], labels, 3, BadShape, r"\(8, 8, 3\)"),
        (images[:0], labels[:0], 3, BadShape, r"\(0, 8, 8, 3\)"),
        (images, labels[:5], 3, BadShape, "12 pictures"),
        (images, labels.astype(float), 3, BadDtype, "float64"),
        (images, labels * 0, 1, TrainingProblem, "two classes"),
        (images, labels, 2, TrainingProblem, r"0\.\.2"),
        (images, labels - 1, 3, TrainingProblem, "have no label"),
        (images, labels, 5, TrainingProblem, "2 of 5 classes have no picture to train on: 3, 4"),
    ]


@pytest.mark.parametrize(("images", "labels", "classes", "kind", "words"), bad_inputs())
def test_what_cannot_be_learnt_is_refused(images: Any, labels: Any, classes: int, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        fit((images, labels), classes, TINY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch": 1}, {"lr": float("nan")}, {"lr": -1.0}, {"momentum": 1.0}]  # noqa: RUF005
    + [{"smoothing": 1.0}, {"seed": -1}, {"shift": -1}, {"cut": -1}, {"width": 0}, {"weight_decay": -0.1}],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadField, match=next(iter(wrong))):
        fit(pictures(), 3, replace(TINY, **wrong))


def test_devices() -> None:
    assert pick_device(torch.device("cpu")) == pick_device("cpu")
    assert precision_of(pick_device("cpu")) in ("bf16", "float32")
    for name in ("tpu", "meta"):
        with pytest.raises(BadField, match=name):
            pick_device(name)
    if not torch.cuda.is_available():
        assert pick_device("auto").type == "cpu"
        with pytest.raises(BadField, match="cuda"):
            pick_device("cuda")


@pytest.mark.parametrize(
    ("capability", "best"), [((9, 0), "bf16"), ((8, 0), "bf16"), ((7, 5), "fp16"), ((6, 1), "float32")]
)
def test_the_shortest_numbers_that_a_device_has(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], best: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert precision_of(torch.device("cuda")) == best
    assert precision_of(torch.device("cuda"), "float32") == "float32"


def test_a_step_that_overflows_in_fp16_is_left_out() -> None:
    settings = replace(TINY, precision="fp16", epochs=1)
    run, _ = prepare(pictures(), 3, settings, torch.device("cpu"), None, Group())
    run.state.at.order = torch.arange(96)
    run.state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**60)
    before = [p.detach().clone() for p in run.net.parameters()]
    run.step()
    assert all(torch.equal(a, b) for a, b in zip(before, run.net.parameters(), strict=True))
    assert run.state.scaler.get_scale() == 2.0**59
    run.state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**8)
    run.step()
    assert not any(torch.equal(a, b) for a, b in zip(before, run.net.parameters(), strict=True))


def test_a_score_counts() -> None:
    trained = fit(pictures(), 3, TINY)
    images, labels = pictures(50, seed=9)
    logits = predict_logits(trained.net, images, batch=7)
    score = evaluate(trained.net, images, labels, batch=11)
    answers = logits.argmax(1)
    assert (
        score.right
        == int((answers == labels).sum())
        == hits(trained.net, torch.from_numpy(images), torch.from_numpy(labels))
    )
    assert score.n == 50
    assert score.confusion.sum(1).tolist() == np.bincount(labels).tolist()
    assert score.per_class == [(int(score.confusion[k, k]), int((labels == k).sum())) for k in range(3)]
    with pytest.raises(BadDtype):
        predict_logits(trained.net, images.astype(float))
    with pytest.raises(BadShape):
        predict_logits(trained.net, images[0])
    with pytest.raises(BadShape):
        evaluate(trained.net, images, labels[:3])


def test_wilson_against_published_values() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
    for right, n, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
                                (1, 29, 0.0061, 0.1718)]:  # fmt: skip
        assert wilson(right, n) == pytest.approx((low, high), abs=6e-5)
    assert Score(np.diag([3, 4])).interval[1] == 1.0


def test_hold_out_takes_from_every_class_by_seed() -> None:
    labels = np.repeat(np.arange(5), [100, 50, 3, 2, 1])
    out = hold_out(labels, 0.1, 5000, seed=1)
    assert np.bincount(labels[out], minlength=5).tolist() == [10, 5, 1, 1, 0]
    assert np.array_equal(out, hold_out(labels, 0.1, 5000, seed=1))
    assert not np.array_equal(out, hold_out(labels, 0.1, 5000, seed=2))
    assert hold_out(np.zeros(1000, int), 0.1, 30, seed=1).sum() == 30


def test_the_split_to_score() -> None:
    assert pick_split({"train": 5, "test": 2}, None) == "test"
    assert pick_split({"all": 5}, None) == "all"
    assert pick_split({"train": 5, "test": 2}, "train") == "train"
    for splits, asked in (({"train": 1, "val": 1}, None), ({"train": 1}, "test")):
        with pytest.raises(TrainingProblem, match="train"):
            pick_split(splits, asked)


def test_a_limit_keeps_the_shares_of_classes() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    kept = keep_some(labels, 100, seed=3)
    assert kept.sum() == 100
    assert np.bincount(labels[kept]).tolist() == [60, 30, 10]
    assert np.array_equal(kept, keep_some(labels, 100, seed=3))
    assert not np.array_equal(kept, keep_some(labels, 100, seed=4))

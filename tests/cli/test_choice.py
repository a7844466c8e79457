"""`imveil train` chooses for the scheme and says so, plans for a time, leaves a log; models are asked."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import imveil
from cipher_sets import OTHER, write_set
from imveil import registry
from imveil.cli import main
from imveil.cloud.classifier import Classifier
from imveil.cloud.modelfile import load_model
from imveil.cloud.training.defaults import suggest
from imveil.errors import BadField
from imveil.store.containers import base
from imveil.store.sets import read_image

FAST = ["--width", "4", "--batch", "16", "--lr", "0.1"]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def call(*args: str | Path) -> tuple[Any, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(arg) for arg in args])
        return left.value.code, *capfd.readouterr()

    return call


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_set(home / "set")
    write_set(home / "other", fingerprint=OTHER)
    with pytest.raises(SystemExit) as left:
        main(["train", str(home / "set"), str(home / "model"), *FAST, "--adapter", "none", "--epochs", "2"])
    assert left.value.code == 0
    return home


@pytest.mark.parametrize("id", imveil.schemes.names())
def test_every_scheme_has_a_default_that_can_be_built(id: str) -> None:
    scheme = imveil.find(id)
    choice = suggest(id, scheme.config(), vars(scheme.traits))
    assert choice.why
    assert choice.model in registry.parts(registry.MODELS)
    side = scheme.traits.tile * 2
    shape = (side, side * 3, 1) if id == "etc-grey/1" else (max(side, 8), max(side, 8), 3)
    net = Classifier.build(
        choice.model, 2, shape, width=4, adapter=choice.adapter, adapter_options=choice.adapter_options,
        model_options=choice.model_options,
    )  # fmt: skip
    assert choice.adapter == "none" or net.adapter is not None
    if choice.moved == "adapted":
        assert net.adapter is not None
        assert net.adapter.movable


def test_defaults_follow_fields() -> None:
    assert suggest("negpos/1", {"per_image": True, "colors": False}, {}).adapter == "fold"
    assert suggest("negpos/1", {"per_image": False, "colors": False}, {}).adapter == "bits_start"
    assert suggest("etc/1", {"block": 16}, {}).adapter == "none"
    assert suggest("ele/1", {"block": 16}, {}).adapter_options == {"block": 16, "nibbles": True}
    assert suggest("patch/1", {"block": 8}, {}).model_options == {"patch": 8}
    assert suggest("mine/3", {}, {"per_image": True}).moved == "input"
    assert suggest("mine/3", {"block": 4}, {"tile": 4}).adapter == "blocks"
    assert suggest("mine/3", {}, {}).adapter == "none"
    assert "nothing can be learned" in suggest("aes-ctr-control/1", {}, {}).why
    assert "can whoever trains it" in suggest("aes-xor/1", {}, {}).why
    assert all(
        suggest(id, {}, {}).adapter in ("none", *registry.parts(registry.ADAPTERS)) for id in imveil.schemes.names()
    )


def test_train_says_what_it_chose_and_why(run: Any, tmp_path: Path) -> None:
    write_set(tmp_path / "set", scheme="logistic-xor/1", per_image=False)
    code, out, err = run("train", tmp_path / "set", tmp_path / "m", *FAST, "--epochs", "1")
    assert code == 0, err
    assert "model cnn, adapter bits_start: one mask hides all pictures" in out
    assert "so can whoever trains it" in out
    assert "flips and shifts: what the adapter gives has no special places" in out
    settings = load_model(tmp_path / "m").info.settings
    assert (settings.adapter, settings.moved, settings.flip) == ("bits_start", "adapted", True)
    assert "confusion: a row each class" in out
    asked = ["--adapter", "bits", "--adapter-set", "rate=3", "--set", "ema=0.9", "--set", "schedule=cosine"]
    code, out, err = run("train", tmp_path / "set", tmp_path / "n", *FAST, "--epochs", "1", *asked)
    assert code == 0, err
    settings = load_model(tmp_path / "n").info.settings
    assert (settings.adapter_options, settings.ema, settings.schedule) == ({"rate": 3}, 0.9, "cosine")
    assert (settings.flip, settings.moved) == (False, "input")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "speed=3"], "a recipe has no 'speed'"),
        (["--set", "lr=3"], "a recipe has no 'lr'"),
        (["--set", "schedule=steps"], "schedule='steps' is not one of line, cosine"),
        (["--set", "ema"], "NAME=VALUE is needed"),
        (["--adapter", "blocks", "--adapter-set", "blok=4"], "no option 'blok'; it takes block"),
        (["--model", "vit_tiny", "--model-set", "patch=0.5"], "patch of the model vit_tiny is int"),
        (["--budget", "soon"], "90s, 10m or 1h was needed, got 'soon'"),
        (["--budget", "0"], "90s, 10m or 1h was needed, got '0'"),
        (["--epochs", "2", "--budget", "5m"], "say the same thing twice"),
        (["--from", "nothing-there"], "cannot be read"),
        (["--set", "ema=text"], "ema='text' is no float"),
        (["--set", "mirror=1"], "mirror=1 is no bool"),
    ],
)
def test_what_cannot_be_asked_is_one_line(run: Any, home: Path, tmp_path: Path, options: list[str], words: str) -> None:
    code, _, err = run("train", home / "set", tmp_path / "m", *FAST, *options)
    assert code == 2
    assert words in err
    assert err.startswith("imveil: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("scheme", "per_image", "adapter", "right"),
    [
        ("le/1", False, "auto", False),
        ("patch/1", False, "none", False),
        ("logistic-xor/1", False, "none", False),
        ("logistic-xor/1", False, "auto", True),
        ("logistic-xor/1", False, "bits", True),
        ("negpos/1", True, "none", True),
        ("plain/1", False, "auto", True),
    ],
)
def test_answers_are_mirrored_only_where_that_is_right(scheme: str, per_image: bool, adapter: str, right: bool) -> None:
    from imveil.cloud.training.choice import chosen

    manifest = SimpleNamespace(scheme=scheme, fields={"per_image": per_image})
    options: Any = {"net": "auto", "adapter": adapter, "augment": None, "lr": None}
    options |= {"model_options": {}, "adapter_options": {}}
    with nullcontext() if right else pytest.raises(BadField, match="mirror=true would spoil answers"):
        settings, _ = chosen(manifest, {"per_image": per_image}, more={"mirror": True}, **options)
        assert settings.mirror
    settings, reasons = chosen(manifest, {"per_image": per_image}, more={}, **options)
    assert settings.mirror == (settings.flip and right)
    assert ("answers" in dict(reasons)) == settings.mirror
    assert not chosen(manifest, {"per_image": per_image}, more={"mirror": False}, **options)[0].mirror
    assert not chosen(manifest, {"per_image": per_image}, more={}, **options | {"augment": False})[0].mirror


def test_a_budget_plans_steps_and_keeps_to_them_when_it_goes_on(
    run: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imveil.cli import train
    from imveil.cloud.training import budget

    class Stops(train.Epochs):
        def __call__(self, at: Any) -> None:
            super().__call__(at)
            if at.done and at.done.number == 6:
                raise KeyboardInterrupt

    monkeypatch.setattr(budget, "fewest", lambda _: 60)  # so few that the budget is over: it takes them all the same
    with monkeypatch.context() as patch:
        patch.setattr(train, "Epochs", Stops)
        code, out, err = run("train", home / "set", tmp_path / "m", *FAST, "--budget", "0.001s")
        assert "more than the budget of" in err
        patch.setattr(budget.Budget, "timed", lambda self, step: (self.took.append(1.0), step())[1])
        code, out, _ = run("train", home / "set", tmp_path / "m", *FAST, "--budget", "10s")
    assert code == 130
    assert "budget    60 steps of 16 pictures, 12.0 epochs" in out
    assert "epoch     6 of 12" in out
    code, out, err = run("train", home / "set", tmp_path / "m", *FAST, "--budget", "1h")
    assert code == 0, err
    assert "the run that is there was planned before" in out
    assert (load_model(tmp_path / "m").info.settings.steps, load_model(tmp_path / "m").info.settings.epochs) == (60, 12)
    assert load_model(tmp_path / "m").info.settings.warmup == 30
    words = ["--epochs", "12", "--set", "steps=60", "--set", "warmup=30"]
    code, out, err = run("train", home / "set", tmp_path / "n", *FAST, *words)
    assert code == 0, err
    assert (tmp_path / "n").read_bytes() == (tmp_path / "m").read_bytes(), "what was planned can be repeated"


def test_a_log_is_left_when_asked(run: Any, home: Path, tmp_path: Path) -> None:
    code, _, err = run("train", home / "set", tmp_path / "m", *FAST, "--epochs", "3", "--log", tmp_path / "log")
    assert code == 0, err
    lines = (tmp_path / "log/log.csv").read_text().splitlines()
    assert lines[0] == "epoch,loss,validation,seconds"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert (tmp_path / "log/curves.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "log/report.html").read_text()
    assert "Test accuracy" in page
    assert "class2" in page
    assert "http" not in page


def test_training_begins_with_the_weights_of_another_model(run: Any, home: Path, tmp_path: Path) -> None:
    words = [*FAST, "--epochs", "1", "--adapter", "none", "--lr", "1e-9"]
    code, _, err = run("train", home / "other", tmp_path / "m", *words, "--from", home / "model")
    assert code == 0, err
    old, new = load_model(home / "model").net, load_model(tmp_path / "m").net
    for (name, one), two in zip(old.net.named_parameters(), new.net.parameters(), strict=True):
        assert np.allclose(one.detach(), two.detach(), atol=1e-5), name
    code, _, err = run("train", home / "set", tmp_path / "n", "--width", "5", "--from", home / "model")
    assert code == 2
    assert "is another one; use its --model, --width" in err


def test_evaluate_says_what_a_wrong_key_gives(run: Any, home: Path) -> None:
    code, out, _ = run("evaluate", home / "model", home / "set", "--another", home / "other")
    assert code == 0
    assert "another" in out
    assert "guessing gives 33.33%" in out
    assert "confusion" in out
    code, out, _ = run("evaluate", home / "model", home / "set", "--another", home / "other", "--json")
    assert json.loads(out)["another"]["n"] == 30


class Stdin(io.TextIOWrapper):
    """Bytes on standard input."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BufferedReader(io.BytesIO(data)))  # type: ignore[arg-type]


def test_predict_reads_a_file_on_standard_input_and_tars(
    run: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = home / "set/test/class1/000.png"
    monkeypatch.setattr("sys.stdin", Stdin(picture.read_bytes()))
    code, out, err = run("predict", home / "model", "-", "--json")
    assert code == 0, err
    assert json.loads(out)["file"] == "standard input"
    monkeypatch.setattr("sys.stdin", Stdin(f"{picture}\n".encode()))
    code, out, _ = run("predict", home / "model", "-", "--json")
    assert json.loads(out)["file"] == str(picture)
    items = [(f"{n:03}.png", *read_image(home / f"set/test/class1/{n:03}.png")) for n in range(3)]
    (tmp_path / "some.tar").write_bytes(base.find("webdataset").pack(items))  # type: ignore[attr-defined]
    code, out, err = run("predict", home / "model", tmp_path / "some.tar", "--json")
    assert code == 0, err
    assert len(out.splitlines()) == 3
    monkeypatch.setattr("sys.stdin", Stdin((tmp_path / "some.tar").read_bytes()))
    code, out, _ = run("predict", home / "model", "-", "--json")
    assert len(out.splitlines()) == 3

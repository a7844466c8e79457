"""The cloud's commands, as a user meets them: words, exit codes, one line for what is wrong, and no key anywhere."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from cipher_sets import KEY, OTHER, write_set
from imveil.cli import main
from imveil.cloud.modelfile import load_model
from imveil.store import png

SMALL = ["--model", "cnn", "--adapter", "none", "--width", "4", "--batch", "16", "--epochs", "4", "--lr", "0.1"]


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, code: Any, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def line(self) -> str:
        """The one line on standard error of a command that failed."""
        told = [line for line in self.err.splitlines(keepends=True) if " answered, " not in line]  # what predict counts
        assert len(told) == 1, self.err
        assert told[0].startswith("imveil: "), self.err
        return told[0]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def call(*args: str | Path) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(arg) for arg in args])
        return Said(left.value.code, *capfd.readouterr())

    return call


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, a model trained on it by the command, and the same pictures under another key."""
    home = tmp_path_factory.mktemp("home")
    write_set(home / "set")
    write_set(home / "other", fingerprint=OTHER)
    with pytest.raises(SystemExit) as left:
        main(["train", str(home / "set"), str(home / "model"), *SMALL])
    assert left.value.code == 0
    return home


def test_train_says_what_it_does_and_leaves_one_file(run: Any, tmp_path: Path) -> None:
    write_set(tmp_path / "set")
    said = run("train", tmp_path / "set", tmp_path / "m", *SMALL)
    assert said.code == 0, said.err
    assert f"negpos/1, key {KEY}, 3 classes" in said.out
    assert "8x8x3, 81 to train on, 9 to validate on, 30 to test on" in said.out
    assert "flips and shifts: every picture has its own key" in said.out
    assert re.search(r"epoch +4 of 4  loss \d\.\d{4}  validation \d+\.\d\d%", said.out)
    found = re.search(r"test +([\d.]+)% \((\d+) of 30; 95 % interval", said.out)
    assert found
    assert float(found[1]) > 80
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m", "set"]
    info = load_model(tmp_path / "m").info
    assert (info.scheme, info.fields, info.fingerprint) == ("negpos/1", {"per_image": True}, KEY)
    assert info.test == (int(found[2]), 30)
    assert info.images == 81
    assert info.settings.flip


def test_pictures_under_one_key_are_not_moved_unless_asked(run: Any, tmp_path: Path) -> None:
    write_set(tmp_path / "set", per_image=False)
    said = run("train", tmp_path / "set", tmp_path / "m", *SMALL, "--epochs", "1")
    assert "none: negpos/1 uses one key for all pictures" in said.out
    settings = load_model(tmp_path / "m").info.settings
    assert (settings.flip, settings.shift) == (False, 0)
    said = run("train", tmp_path / "set", tmp_path / "n", *SMALL, "--epochs", "1", "--augment")
    assert "flips and shifts: as asked, although negpos/1 uses one key" in said.out
    assert load_model(tmp_path / "n").info.settings.shift == 2


def test_a_set_without_splits_gives_its_own_test(run: Any, tmp_path: Path) -> None:
    write_set(tmp_path / "set", splits={"all": 40})
    said = run("train", tmp_path / "set", tmp_path / "m", *SMALL, "--epochs", "1")
    assert "87 to train on, 9 to validate on, 24 to test on" in re.sub(r"9\d to train", "87 to train", said.out)
    assert "a fifth of each class is held out as test" in said.out
    assert "may have been trained on" in run("evaluate", tmp_path / "m", tmp_path / "set").out


def test_a_validation_split_is_used_as_it_is(run: Any, tmp_path: Path) -> None:
    write_set(tmp_path / "set", splits={"train": 20, "val": 5})
    said = run("train", tmp_path / "set", tmp_path / "m", *SMALL, "--epochs", "1")
    assert "60 to train on, 15 to validate on" in said.out
    assert "no test pictures" in said.out


def test_training_twice_gives_the_same_file(run: Any, home: Path, tmp_path: Path) -> None:
    said = run("train", home / "set", tmp_path / "again", *SMALL)
    assert said.code == 0
    assert (tmp_path / "again").read_bytes() == (home / "model").read_bytes()


def test_an_interrupted_run_goes_on(run: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imveil.cli import train

    class Stops(train.Epochs):
        def __call__(self, at: Any) -> None:
            super().__call__(at)
            if at.step > 12:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "Epochs", Stops)
        said = run("train", home / "set", tmp_path / "m", *SMALL)
    assert said.code == 130
    assert "again to go on" in said.line
    assert [p.name for p in tmp_path.iterdir()] == ["m.checkpoint"]
    other = run("train", home / "set", tmp_path / "m", *SMALL, "--seed", "1")
    assert other.code == 2
    assert "another run" in other.line
    assert "--restart" in other.line
    said = run("train", home / "set", tmp_path / "m", *SMALL)
    assert said.code == 0, said.err
    assert "resume" in said.out
    assert "1 of 4" not in said.out
    assert (tmp_path / "m").read_bytes() == (home / "model").read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_train_does_not_overwrite(run: Any, home: Path) -> None:
    before = (home / "model").read_bytes()
    said = run("train", home / "set", home / "model", *SMALL)
    assert said.code == 2
    assert "exists already" in said.line
    assert (home / "model").read_bytes() == before


@pytest.mark.parametrize(
    ("made", "options", "words"),
    [
        ({"classes": 1}, [], "two classes or more, got 1"),
        ({"skip": 1}, [], "1 of 3 classes have no picture to train on: class1"),
        ({"splits": {"test": 5}}, [], "no split 'train', only test"),
        ({}, ["--model", "resnet"], "no model is called 'resnet'; did you mean resnet18"),
        ({}, ["--adapter", "folds"], "did you mean fold"),
        ({}, ["--epochs", "0"], "epochs=0 is out of range"),
        ({}, ["--lr", "nan"], "lr=nan is out of range"),
        ({}, ["--lr", "1e30"], "the loss became NaN or infinite"),
        ({}, ["--device", "tpu"], "tpu"),
        ({"shape": (1, 8, 3)}, [], "at least 2x2, got 1x8"),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    run: Any, tmp_path: Path, made: dict[str, Any], options: list[str], words: str
) -> None:
    write_set(tmp_path / "set", **made)
    said = run("train", tmp_path / "set", tmp_path / "m", *SMALL, *options)
    assert said.code == 2
    assert words in said.line
    assert not (tmp_path / "m").exists()


def test_places_that_are_wrong_are_one_line(run: Any, home: Path, tmp_path: Path) -> None:
    assert "no cipher data set" in run("train", tmp_path, tmp_path / "m").line
    assert "make its folder first" in run("train", home / "set", tmp_path / "no" / "m").line
    assert "cannot be read" in run("evaluate", tmp_path / "none", home / "set").line
    assert "not a file of imveil" in run("predict", home / "set" / "imveil.json", "x.png").line
    assert "no file or folder" in run("predict", home / "model", tmp_path / "x.png").line
    assert "no cipher pictures" in run("predict", home / "model", tmp_path).line


def test_predict_answers_files_folders_and_lists(run: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = home / "set/test/class1/000.png"
    said = run("predict", home / "model", one, "--json")
    assert said.code == 0
    answer = json.loads(said.out)
    assert answer["file"] == str(one)
    assert answer["class"] == answer["top"][0]["class"] == "class1"
    assert answer["probability"] == answer["top"][0]["probability"]
    assert sum(t["probability"] for t in answer["top"]) == pytest.approx(1, abs=1e-5)
    folder = run("predict", home / "model", home / "set/test").out.splitlines()
    assert len(folder) == 30
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{one}\n\n{home}/set/test/class2/001.png\n"))
    listed = run("predict", home / "model", "-", "--top", "1").out.splitlines()
    assert [line.split()[1] for line in listed] == ["class1", "class2"]


def test_predict_refuses_another_key_unless_forced(run: Any, home: Path) -> None:
    picture = home / "other/test/class0/000.png"
    said = run("predict", home / "model", picture)
    assert said.code == 2
    assert not said.out
    assert KEY in said.line
    assert OTHER in said.line
    assert run("predict", home / "model", picture, "--force").code == 0


def test_predict_refuses_another_scheme_other_fields_and_no_tag(run: Any, home: Path, tmp_path: Path) -> None:
    write_set(tmp_path / "etc", scheme="etc/1", splits={"all": 2})
    write_set(tmp_path / "fixed", per_image=False, splits={"all": 2})
    image, _ = png.decode((home / "set/test/class0/000.png").read_bytes())
    (tmp_path / "bare.png").write_bytes(png.encode(image))
    for picture, words in [
        (tmp_path / "etc/class0/000.png", ["negpos/1", "etc/1"]),
        (tmp_path / "fixed/class0/000.png", ["per_image=True", "per_image=False"]),
        (tmp_path / "bare.png", ["no tag"]),
    ]:
        said = run("predict", home / "model", picture)
        assert said.code == 2
        assert all(word in said.line for word in words), said.line
        assert run("predict", home / "model", picture, "--force").code == 0


def test_a_broken_picture_costs_only_itself(run: Any, home: Path, tmp_path: Path) -> None:
    good = home / "set/test/class0/000.png"
    (tmp_path / "cut.png").write_bytes(good.read_bytes()[:-20])
    (tmp_path / "text.png").write_text("hello")
    write_set(tmp_path / "large", shape=(9, 8, 3), splits={"all": 1}, classes=2)
    large = tmp_path / "large/class0/000.png"
    said = run("predict", home / "model", tmp_path / "cut.png", good, tmp_path / "text.png", large)
    assert said.code == 1
    assert said.out.count("\n") == 1
    lines = said.err.splitlines()
    assert len(lines) == 4
    for line, word in zip(lines, ["cut.png", "text.png", "8x8x3", "1 picture answered"]):
        assert line.startswith("imveil: ")
        assert word in line
    assert run("predict", home / "model", tmp_path / "text.png").code == 2


def test_a_picture_of_another_key_costs_only_itself(run: Any, home: Path, tmp_path: Path) -> None:
    good, foreign = home / "set/test/class0/000.png", home / "other/test/class0/000.png"
    said = run("predict", home / "model", good, foreign, good)
    assert said.code == 1
    assert said.out.count(str(good)) == 2
    assert OTHER in said.line
    said = run("predict", home / "model", good, tmp_path / "none")
    assert said.code == 2
    assert said.out.count("\n") == 1, "what came before is answered"
    assert "no file or folder" in said.line


def test_a_picture_of_no_numbers_costs_only_itself(home: Path) -> None:
    from imveil.cloud.answers import Answer, Failure, Given, answer
    from imveil.store.containers import base
    from imveil.store.tag import Tag

    model, tag = load_model(home / "model"), Tag("negpos/1", {"per_image": True}, KEY)
    items = [(f"{k}.png", np.full((8, 8, 3), value, np.float32), tag) for k, value in enumerate((1, np.nan, 2))]
    shard = base.of_manifest("npz").pack(items)
    found = list(answer(model, [Given("s.npz", shard)]))
    assert [type(one) for one in found] == [Answer, Failure, Answer]
    assert "1.png: pictures hold numbers that are not finite" in str(found[1].error)


@pytest.mark.parametrize("how", ["cf", "czf"])
def test_predict_reads_what_tar_makes(
    run: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (tmp_path / "set").mkdir()
    shutil.copytree(home / "set/test", tmp_path / "set/test")
    (tmp_path / "set/test/class0/000.png").write_bytes(b"broken")
    (tmp_path / "set/test/readme.txt").write_text("these are pictures")
    subprocess.run(["tar", how, tmp_path / "t", "-C", tmp_path / "set", "test"], check=True)
    said = run("predict", home / "model", tmp_path / "t", "--top", "1")
    assert said.code == 1
    assert "t:test/class0/000.png" in said.line
    lines = sorted(said.out.splitlines())
    assert len(lines) == 29
    assert lines[0].startswith(f"{tmp_path}/t:test/class0/001.png  class0 ")
    with (tmp_path / "t").open("rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        given = run("predict", home / "model", "-", "--top", "1")
    assert [line.partition(":")[2] for line in sorted(given.out.splitlines())] == [
        line.partition(":")[2] for line in lines
    ]
    (tmp_path / "cut").write_bytes((tmp_path / "t").read_bytes()[:2000])
    said = run("predict", home / "model", tmp_path / "cut")
    assert said.code == 2
    assert "cut is a tar that is cut off" in said.line or "cut cannot be unpacked" in said.line


def test_a_tar_without_pictures_and_empty_input_are_one_line(
    run: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("hello")
    subprocess.run(["tar", "cf", tmp_path / "t", "-C", tmp_path, "a.txt"], check=True)
    said = run("predict", home / "model", tmp_path / "t")
    assert said.code == 2
    assert "holds no cipher pictures" in said.line
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    said = run("predict", home / "model", "-")
    assert said.code == 2
    assert "no pictures on standard input" in said.line


def test_predict_prints_no_answer_that_is_no_number(run: Any, home: Path, tmp_path: Path) -> None:
    from imveil.cloud.modelfile import save_net

    model = load_model(home / "model")
    next(model.net.net.parameters()).fill_(3e38)
    save_net(tmp_path / "m", model.net, model.info)
    said = run("predict", tmp_path / "m", home / "set/test/class0/000.png", "--json")
    assert said.code == 2
    assert not said.out
    assert "000.png with NaN" in said.line


def test_evaluate_counts_and_refuses(run: Any, home: Path) -> None:
    said = run("evaluate", home / "model", home / "set", "--json")
    assert said.code == 0
    score = json.loads(said.out)
    assert (score["split"], score["n"]) == ("test", 30)
    assert (
        score["right"] == sum(c["right"] for c in score["classes"].values()) == load_model(home / "model").info.test[0]
    )
    assert score["interval95"][0] < score["accuracy"] <= score["interval95"][1] <= 1
    assert sum(map(sum, score["confusion"])) == 30
    table = run("evaluate", home / "model", home / "set", "--split", "train").out
    assert "on 'train'" in table
    assert table.count("of 30)") == 3
    wrong = run("evaluate", home / "model", home / "other")
    assert wrong.code == 2
    assert KEY in wrong.line
    assert OTHER in wrong.line
    assert run("evaluate", home / "model", home / "other", "--force").code == 0
    assert "no split 'dev'" in run("evaluate", home / "model", home / "set", "--split", "dev").line


def test_another_set_is_of_another_key_and_else_the_same(run: Any, home: Path, tmp_path: Path) -> None:
    score = json.loads(run("evaluate", home / "model", home / "set", "--another", home / "other", "--json").out)
    assert score["another"]["n"] == 30
    write_set(tmp_path / "le", scheme="le/1", fingerprint=OTHER)
    write_set(tmp_path / "fixed", per_image=False, fingerprint=OTHER)
    for other, words in ((home / "set", "own key"), (tmp_path / "le", "le/1"), (tmp_path / "fixed", "per_image=False")):
        said = run("evaluate", home / "model", home / "set", "--another", other)
        assert said.code == 2
        assert words in said.line
        assert not said.out
    assert run("evaluate", home / "model", home / "set", "--another", tmp_path / "le", "--force").code == 0


def test_evaluate_leaves_pictures_on_disk_where_they_are_many(
    run: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imveil.cloud.data import cipher_dataset
    from imveil.store.sets import CipherSet

    held = run("evaluate", home / "model", home / "set", "--json").out
    monkeypatch.setattr(cipher_dataset, "too_large", lambda _: True)
    monkeypatch.setattr(CipherSet, "load", lambda *_: pytest.fail("the pictures were loaded"))
    assert run("evaluate", home / "model", home / "set", "--json").out == held


def test_evaluate_scores_a_subset_and_refuses_other_classes(run: Any, home: Path, tmp_path: Path) -> None:
    write_set(tmp_path / "two", names=["class2", "other1"])
    said = run("evaluate", home / "model", tmp_path / "two")
    assert "(10 of 10;" in said.out
    assert "always 'class2' gives 100.00%; not counted: 10 of other1, which the model does not know" in said.out
    facts = json.loads(run("evaluate", home / "model", tmp_path / "two", "--json").out)
    assert facts["always"] == {"class": "class2", "accuracy": 1.0}
    assert (facts["balanced"], facts["apart"]) == (1.0, {"other1": 10})
    write_set(tmp_path / "foreign", names=["cat0", "dog1"])
    said = run("evaluate", home / "model", tmp_path / "foreign", "--force")
    assert said.code == 2
    assert "class0, class1, class2" in said.line


def test_a_file_that_comes_meanwhile_stays(
    run: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imveil.cli import train

    class Writes(train.Epochs):
        def __enter__(self) -> Any:
            (tmp_path / "m.safetensors").write_text("another")
            return super().__enter__()

    monkeypatch.setattr(train, "Epochs", Writes)
    said = run("train", home / "set", tmp_path / "m.safetensors", *SMALL, "--epochs", "1")
    assert said.code == 0, said.err
    assert "the model lies beside it" in said.err
    assert "balanced accuracy" in said.out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m-2.safetensors", "m.safetensors"]
    assert load_model(tmp_path / "m-2.safetensors").info.test


@pytest.mark.parametrize("command", ["train", "predict", "evaluate"])
def test_the_commands_take_no_key_and_show_examples(run: Any, command: str) -> None:
    text = run(command, "--help").out
    assert "Examples" in text
    assert not re.search(r"--\S*(key|pass|secret)", text)


def test_a_limit_trains_on_fewer_pictures(run: Any, home: Path, tmp_path: Path) -> None:
    said = run("train", home / "set", tmp_path / "m", *SMALL, "--limit", "30")
    assert said.code == 0, said.err
    assert load_model(tmp_path / "m").info.images == 30
    said = run("train", home / "set", tmp_path / "n", *SMALL, "--limit", "2")
    assert said.code == 2
    assert "3 classes need as many" in said.line

"""Records and recipes: what is measured is kept for ever, and every recipe that ships can be read."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import imveil
from imveil import record, system
from imveil.audit.game.challenger import key_of
from imveil.errors import BadDestination, BadSource, UnknownName
from imveil.lab.claims import Evidence, claims_of
from imveil.lab.evidence import queries, status
from imveil.lab.paper import PAPER
from imveil.lab.recipe import Recipe
from imveil.lab.recipes import RECIPES, asked, find_recipe
from imveil.lab.standings import rows
from imveil.record import Record, measured
from imveil.statuses import queries_of, status_of

ROOT = Path(__file__).parents[2]
DIGESTS = dict(line.split() for line in (Path(__file__).parent / "recipe_digests.txt").read_text().splitlines())


def one(value: float, seed: int = 0, digest: str = "d") -> Record:
    bounds = {"unit": "%", "n": 10, "low": 0, "high": 1, "seconds": 1}
    return measured(kind="accuracy", name="x", digest=digest, facts={}, seed=seed, value=value, **bounds)


def test_records_are_appended_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "accuracy.jsonl"
    for value in (1.0, 2.0):
        record.append(one(value), file)
    assert [r.value for r in record.read("accuracy", file)] == [1.0, 2.0]
    assert record.read("accuracy", tmp_path / "none.jsonl") == []


def test_what_is_packed_is_the_last_of_each_run(tmp_path: Path) -> None:
    found = [one(1.0), one(2.0, seed=1), one(3.0), one(4.0, digest="e").model_copy(update={"facts": {"valid": 0.5}})]
    file = tmp_path / "records.json"
    file.write_text(json.dumps(record.packed(found)))
    assert record.carried("accuracy", file) == [run for group in record.runs(found) for run in group]
    assert record.carried("speed", file) == []


def test_what_a_wheel_carries_is_enough_for_leaderboard_claims_and_statuses() -> None:
    kinds = ("accuracy", "key-space", "kept", "recovery", "sequence")
    known = {kind: (record.read(kind), record.carried(kind)) for kind in kinds}
    assert rows(*(known[kind][0] for kind in ("accuracy", "recovery"))) == rows(
        *(known[kind][1] for kind in ("accuracy", "recovery"))
    )
    ours, theirs = (Evidence([one for both in known.values() for one in both[i]]) for i in (0, 1))
    schemes = [imveil.find(id) for id in imveil.schemes.names()]
    for claim in [*PAPER, *(claim for scheme in schemes for claim in claims_of(scheme))]:
        for reading in claim.readings:
            assert reading.judge(ours) == reading.judge(theirs), (claim.name, reading.means)
    for scheme in schemes:
        assert status_of(scheme.id, scheme.config()) == status(scheme, known["recovery"][0])
        assert (queries(scheme, known["accuracy"][0]) or "not measured") in queries_of(scheme.id, scheme.config())
    assert status_of("nobodys/1", {"per_image": [1]}) == "not measured"


def test_installed_from_a_wheel_ones_own_records_come_after_those_it_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "PACKAGE", tmp_path / "site-packages" / "imveil")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    before = record.read("accuracy")
    assert before == record.carried("accuracy")
    assert record.append(one(1.0)) == tmp_path / "home" / "imveil" / "records" / "accuracy.jsonl"
    assert record.read("accuracy") == [*before, one(1.0)]
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(BadDestination, match=r"accuracy\.jsonl cannot be written: Not a directory; XDG_DATA_HOME"):
        record.append(one(1.0))


def test_the_last_record_of_a_seed_counts() -> None:
    found = list(record.latest([one(1.0), one(2.0, seed=1), one(3.0)]))
    assert sorted(r.value for r in found) == [2.0, 3.0]
    mean, spread, n = record.summary(found)
    assert (mean, round(spread, 3), n) == (2.5, 0.707, 2)


@pytest.mark.parametrize("line", ["{", "{}", '{"format": "imveil-record/1"}'])
def test_a_line_that_is_no_record_is_named(line: str, tmp_path: Path) -> None:
    file = tmp_path / "accuracy.jsonl"
    record.append(one(1.0), file)
    with file.open("a") as out:
        out.write(line + "\n")
    with pytest.raises(BadSource, match=r"accuracy\.jsonl line 2"):
        record.read("accuracy", file)


def git(*words: str) -> bytes | None:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


@pytest.mark.parametrize("file", sorted((ROOT / "records").glob("*.jsonl")), ids=lambda f: f.name)
def test_older_lines_are_never_edited(file: Path) -> None:
    name = f"records/{file.name}"
    commits = (git("log", "-50", "--format=%H", "--", name) or b"").decode().split()
    now = file.read_bytes().splitlines()
    for commit in commits:
        then = git("show", f"{commit}:{name}")  # None where that commit had no such file
        rest = iter(now)  # all of its lines in their order, with others between where two branches measured
        assert all(line in rest for line in (then or b"").splitlines()), f"{name}: a line of {commit} is gone"


def test_withdrawn_records_stay_in_their_file_and_are_read_no_more() -> None:
    lines = (ROOT / "records" / "private.jsonl").read_text(encoding="utf-8")
    read = {one.digest for one in record.read("private")}
    for digest, reason in record.WITHDRAWN.items():
        assert digest in lines
        assert digest not in read
        assert reason


@pytest.mark.parametrize("file", sorted((ROOT / "records").glob("*.jsonl")), ids=lambda f: f.name)
def test_every_record_is_one_and_is_of_its_file(file: Path) -> None:
    for found in record.read(file.stem):
        assert found.kind == file.stem
        assert found.low <= found.high
        assert found.n > 0


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_read_and_built(name: str) -> None:
    recipe = find_recipe(name)
    imveil.find(recipe.scheme, **recipe.fields)
    assert json.loads(json.dumps(recipe.facts())) == recipe.facts()


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from imveil.lab import experiment
    from imveil.lab.output import decoder
    from imveil.owner.datasets import cifar

    monkeypatch.setattr(decoder, "STEPS", 2)
    images = np.random.default_rng(1).integers(0, 256, (140, 32, 32, 3), np.uint8)
    labels = np.arange(140) % 2
    monkeypatch.setattr(cifar, "load", lambda _: {"train": (images, labels), "test": (images, labels)})
    recipe = find_recipe(name)
    width = {"resnet18": 16, "vit_tiny": 64}.get(recipe.model, recipe.width)
    small = replace(recipe, images=20, held_out=120, batch=20, epochs=1, width=width)
    if small.start:
        monkeypatch.setattr(experiment, "find_recipe", {small.start: replace(small, start=None)}.__getitem__)
    found = experiment.run(small, seed=0, name=name)
    assert found.n == 140
    assert 0 <= found.facts["valid"] <= 1


def test_a_recipe_of_ones_own_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from imveil.lab.recipe import Recipe\nRECIPE = Recipe(epochs=3)\n")
    assert find_recipe(str(file)) == Recipe(epochs=3)
    assert asked(str(file), "another") == ("mine_wrong_key", Recipe(epochs=3, query="another"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("from imveil.lab.recipe import Recipe\nRECIPE = Recipe(epoch=3)\n", r"odd\.py cannot be read: .*'epoch'"),
        ("1 / 0\n", r"odd\.py cannot be read: division by zero"),
        ("RECIPE = ", r"odd\.py cannot be read: invalid syntax"),
        ("RECIPE = 3\n", r"odd\.py holds no RECIPE"),
        (None, r"odd\.py is not there"),
    ],
)
def test_a_recipe_that_cannot_be_read_is_named(text: str | None, says: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "odd.py").write_text(text)
    with pytest.raises(BadSource, match=says):
        find_recipe(str(tmp_path / "odd.py"))


@pytest.mark.parametrize("name", DIGESTS)
def test_no_digest_of_a_recipe_ever_changes(name: str) -> None:
    assert find_recipe(name).digest == DIGESTS[name]
    assert asked(name)[0] == name


def test_recipes_keep_their_records() -> None:
    """Of every record that is named like a recipe, the digest is that recipe's."""
    for one in record.read("accuracy"):
        assert asked(one.name)[1].digest == one.digest, one.name


def test_settings_of_a_recipe_reach_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from imveil.cloud.training import loop
    from imveil.lab import experiment
    from imveil.owner.datasets import cifar

    images, labels = np.zeros((40, 8, 8, 3), np.uint8), np.arange(40) % 10
    monkeypatch.setattr(cifar, "load", lambda _: {"train": (images, labels), "test": (images, labels)})
    seen: list[loop.Settings] = []

    def stop(_: object, __: int, settings: loop.Settings, **___: object) -> None:
        seen.append(settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "fit", stop)
    recipe = Recipe(augment="before", held_out=20, settings={"shift": 4, "mirror": True})
    with pytest.raises(KeyboardInterrupt):
        experiment.run(recipe, seed=7)
    assert (seen[0].shift, seen[0].mirror, seen[0].flip, seen[0].seed) == (4, True, True, 7)


def test_recipes_that_differ_have_digests_that_differ() -> None:
    digests = {find_recipe(name).digest for name in RECIPES}
    assert len(digests) == len(RECIPES)
    assert RECIPES.keys() <= DIGESTS.keys(), "a recipe that is new gets a line in recipe_digests.txt"
    assert Recipe(scheme="negpos/1", fields={"per_image": False}).digest == Recipe(scheme="negpos/1").digest
    assert Recipe(scheme="negpos/1", fields={"per_image": True}).digest != Recipe(scheme="negpos/1").digest


def test_an_unknown_recipe_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="plain"):
        find_recipe("plian")


def test_the_keys_of_runs_differ_by_seed_and_purpose() -> None:
    keys = {key_of(seed, purpose).fingerprint for seed in range(3) for purpose in ("data set", "another")}
    assert len(keys) == 6
    assert key_of(1) == key_of(1)


def test_a_small_experiment_from_recipe_to_record(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from imveil.lab import experiment
    from imveil.owner.datasets import cifar

    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    images = (rng.integers(0, 80, (120, 8, 8, 3)) + 150 * labels[:, None, None, None]).astype(np.uint8)
    monkeypatch.setattr(cifar, "load", lambda _: {"train": (images, labels), "test": (images[:40], labels[:40])})
    recipe = Recipe(scheme="negpos/1", fields={"colors": False}, epochs=8, batch=20, width=4, held_out=20, lr=0.1)
    same = experiment.run(recipe, seed=0, name="small")
    assert (same.kind, same.n, same.seed, same.digest) == ("accuracy", 40, 0, recipe.digest)
    assert same.low <= same.value <= same.high
    assert same.value > 80
    assert experiment.run(recipe, seed=0, name="small").value == same.value


def test_an_interrupted_run_of_a_recipe_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from imveil.lab import experiment
    from imveil.owner.datasets import cifar

    images = np.random.default_rng(1).integers(0, 256, (120, 32, 32, 3), np.uint8)
    labels = np.arange(120) % 10
    monkeypatch.setattr(cifar, "load", lambda _: {"train": (images, labels), "test": (images[:40], labels[:40])})
    recipe = Recipe(scheme="logistic-xor/1", images=80, held_out=40, epochs=3, batch=32, width=4, copies=2)
    whole = experiment.run(recipe, seed=1)
    experiment._trained.cache_clear()
    kept, epochs = tmp_path / "kept.pt", []

    def interrupt(progress: object) -> None:
        done = getattr(progress, "done", None)
        if done is not None:
            epochs.append(done.number)
            if len(epochs) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiment.run(recipe, seed=1, progress=interrupt, checkpoint=kept)
    assert kept.exists()
    again = experiment.run(recipe, seed=1, progress=interrupt, checkpoint=kept)
    assert (epochs[0], epochs[-1], epochs.count(1)) == (1, 3, 1)
    assert (again.value, again.facts["valid"]) == (whole.value, whole.facts["valid"])
    assert not kept.exists()


def test_a_recipe_may_begin_with_the_net_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from imveil.lab import experiment
    from imveil.owner.datasets import cifar

    labels = np.arange(120) % 2
    images = np.random.default_rng(3).integers(0, 60, (120, 8, 8, 3), np.uint8)
    images += (140 * labels[:, None, None, None]).astype(np.uint8)
    monkeypatch.setattr(cifar, "load", lambda _: {"train": (images, labels), "test": (images[:40], labels[:40])})
    first = Recipe(epochs=8, batch=20, width=4, held_out=20, lr=0.1)
    monkeypatch.setattr(experiment, "find_recipe", {"first": first}.__getitem__)
    slow = Recipe(epochs=1, batch=20, width=4, held_out=20, lr=1e-6)
    assert experiment.run(first, seed=0).value > 90
    assert experiment.run(replace(slow, start="first"), seed=0).value > 90
    assert experiment.run(slow, seed=0).value < 90

"""The leaderboard: counted from records alone, the best attack beside each accuracy, and the page is fresh."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripts.records.pairs import pairs
from scripts.tables.learning import pairs_table

import imveil
from imveil import record
from imveil.cli import main
from imveil.lab.board.published_accuracies import NUMBERS, published
from imveil.lab.recipe import Recipe
from imveil.lab.recipes import RECIPES
from imveil.lab.standings import Row, best, rows
from imveil.lab.tables.leaderboard import HEADER, plot, table
from imveil.lab.unrun import unrun
from imveil.record import Record, measured

ROOT = Path(__file__).parents[2]
KEYS = {
    "recipe", "data", "scheme", "fields", "key_scope", "wrong_key", "model", "adapter", "device", "accuracy", "n", "sd",
    "recovery", "view", "identified", "identified_view", "dominated", "equal", "kind", "by",
}  # fmt: skip


def accuracy(name: str, recipe: Recipe, *values: float, output: float | None = None) -> list[Record]:
    facts = recipe.facts() | ({} if output is None else {"output": {"recovery": output}})
    same = {"unit": "%", "n": 10_000, "low": 0, "high": 100, "seconds": 1, "digest": recipe.digest}
    return [
        measured(kind="accuracy", name=name, facts=facts, seed=seed, value=value, **same)
        for seed, value in enumerate(values)
    ]


def recovery(scheme: str, needs: list[str], value: float, picked: float = 0.0, **fields: Any) -> Record:
    found = {"queries": 0, "identified": picked, "control": {"low": 0.0, "recovery": 0.0}}
    facts = {"attack": "x", "needs": needs, "scheme": scheme, "fields": imveil.find(scheme, **fields).config()}
    facts |= {"data": "cifar10 test", "terms": {"pairs": 1, "ciphers": 10}, "found": found}
    same = {"unit": "", "n": 100, "low": value, "high": value, "seconds": 1, "name": "x"}
    return measured(kind="recovery", digest=f"{scheme} {needs} {fields}", facts=facts, seed=0, value=value, **same)


def board() -> list[Row]:
    """Four recipes under two kinds of attack."""
    images = {"per_image": True}
    known = [
        *accuracy("plain", Recipe(), 90.0, 91.0),
        *accuracy("pe", Recipe(scheme="negpos/1"), 70.0, output=0.25),
        *accuracy("pe_images", Recipe(scheme="negpos/1", fields=images), 80.0, 82.0),
        *accuracy("pe_wrong", Recipe(scheme="negpos/1", query="another"), 40.0),
        *accuracy("hundred", Recipe(data="cifar100", scheme="le/1"), 50.0),
    ]
    attacks = [
        recovery("negpos/1", ["pairs"], 1.0),
        recovery("negpos/1", ["ciphers"], 0.9999),
        recovery("negpos/1", [], 0.4, **images),
        recovery("negpos/1", ["gallery"], 1.0, 0.99, **images),
    ]
    return rows(known, attacks)


def test_a_loss_is_to_plain_pictures_that_were_answered_alike() -> None:
    mirror: Any = {"settings": {"mirror": True}}
    known = [
        *accuracy("plain", Recipe(), 90.0),
        *accuracy("plain, mirrored", Recipe(**mirror), 92.0),
        *accuracy("pe", Recipe(scheme="negpos/1"), 70.0),
        *accuracy("pe, mirrored", Recipe(scheme="negpos/1", **mirror), 71.0),
        *accuracy("pe, six copies", Recipe(scheme="negpos/1", epochs=1, copies=6), 69.0),
    ]
    lines = {line[0]: dict(zip(HEADER, line, strict=True)) for line in table(rows(known, []))[1]}
    found = {name: (line["loss to plain"], line["epochs"]) for name, line in lines.items() if name.startswith("pe")}
    assert found == {"pe": ("20.00", "6"), "pe, mirrored": ("21.00", "6"), "pe, six copies": ("21.00", "6")}
    assert lines["pe, mirrored"]["model, adapter"] == "cnn, none, mirrored"


def held(name: str, recipe: Recipe, valid: float, value: float) -> Record:
    (one,) = accuracy(name, recipe, value)
    return one.model_copy(update={"facts": one.facts | {"valid": valid}})


def test_pairs_differ_only_in_what_helps_and_the_held_out_pictures_order_them() -> None:
    hidden = Recipe(scheme="le/1")
    known = [
        held("none", hidden, 0.6, 99.0),
        held("blocks", replace(hidden, adapter="blocks", adapter_options={"nibbles": True}), 0.7, 50.0),
        held("copies", replace(hidden, epochs=1, copies=6), 0.5, 50.0),
        held("long", replace(hidden, epochs=7, adapter="blocks"), 0.9, 90.0),
        held("asked with another key", replace(hidden, query="another"), 0.9, 90.0),
        held("mirrored", replace(hidden, settings={"mirror": True}), 0.4, 50.0),
        held("plain", Recipe(), 0.9, 90.0),
        held("slower", replace(hidden, settings={"weight_decay": 0.1}), 0.9, 90.0),
    ]
    old = known[0].model_copy(update={"seed": 1, "facts": {k: v for k, v in known[0].facts.items() if k != "copies"}})
    (arms,) = pairs([*known, old])
    assert [(arm.row.recipe, arm.row.n, arm.usual) for arm in arms] == [
        ("blocks", 1, True), ("none", 2, False), ("copies", 1, False), ("mirrored", 1, False)
    ]  # fmt: skip
    assert (arms[0].held_out, arms[0].row.accuracy, arms[1].row.sd) == (70.0, 50.0, 0.0)
    header, cells = pairs_table([arms])
    assert cells[2] == ["", "6 copies", "nothing", "50.00", "50.00", "1", ""]
    assert cells[0][-1] == "yes"
    assert cells[3][1] == "mirrored answers"
    assert len(header) == len(cells[0])


def test_the_defaults_won_on_the_held_out_pictures() -> None:
    for arms in pairs():
        found = [arm for arm in arms if arm.held_out is not None and arm.copies == 1 and arm.start is None]
        if any(arm.usual for arm in found):
            assert found[0].usual, f"{found[0].row.scheme}: {found[0].row.recipe} won"


def test_a_row_is_a_recipe_over_its_seeds() -> None:
    found = {row.recipe: row for row in board()}
    assert [row.recipe for row in board()] == ["plain", "pe_images", "pe", "pe_wrong", "hundred"]
    plain, images, fixed = found["plain"], found["pe_images"], found["pe"]
    assert (plain.accuracy, plain.n, plain.sd) == (90.5, 2, 0.7071)
    assert (plain.recovery, plain.view) == (None, None)
    assert (images.identified, images.identified_view) == (0.99, "gallery")
    assert (images.key_scope, images.recovery, images.view) == ("image", 0.4, "one"), "linking is no recovery"
    assert (fixed.key_scope, fixed.recovery, fixed.view) == ("dataset", 0.9999, "many"), "equal, with less help"
    assert (fixed.sd, fixed.shown) == (None, 0.25)
    assert (found["pe_wrong"].wrong_key, fixed.wrong_key) == (True, False)
    assert found["hundred"].data == "cifar100"


def test_dominated_means_worse_in_one_of_three_and_better_in_none() -> None:
    assert {row.recipe for row in board() if row.dominated} == set(), "what is told apart more is not better in all"
    known = [*accuracy("less", Recipe(scheme="negpos/1"), 70.0), *accuracy("more", Recipe(scheme="le/1"), 80.0)]
    for picked, lost in ((0.2, {"less"}), (0.3, {"less"}), (0.4, set())):
        games = [recovery("negpos/1", ["pairs"], 1.0, 0.3), recovery("le/1", ["pairs"], 1.0, picked)]
        assert {row.recipe for row in rows(known, games) if row.dominated} == lost
    assert best([]) is None


def test_rows_that_are_equal_by_construction_are_marked() -> None:
    known = [
        held("first", Recipe(scheme="negpos/1", adapter="fold_sort"), 0.8, 83.05),
        held("same", Recipe(scheme="negpos/1", adapter="fold_sort", query="another"), 0.8, 83.05),
        held("near", Recipe(scheme="negpos/1"), 0.81, 83.05),
    ]
    assert {row.recipe: row.equal for row in rows(known, [])} == {"first": "", "same": "first", "near": ""}


def test_two_runs_are_told_as_a_range() -> None:
    lines = table(rows([*accuracy("two", Recipe(), 90.0, 90.0), *accuracy("le", Recipe(scheme="le/1"), 1, 2, 3)], []))[
        1
    ]
    assert [line[HEADER.index("spread")] for line in lines] == ["90.00 to 90.00", "sd 1.00"]


def test_a_loss_is_to_plain_pictures_that_were_moved_alike() -> None:
    known = [
        *accuracy("moved", Recipe(augment="before"), 92.0),
        *accuracy("still", Recipe(augment="none"), 90.0),
        *accuracy("pe", Recipe(scheme="negpos/1", augment="none"), 70.0),
    ]
    cells = {line[0]: line[HEADER.index("loss to plain")] for line in table(rows(known, []))[1]}
    assert cells["pe"] == "20.00"


ENTRY = {
    "format": "imveil-row/1", "name": "ours_on_le", "by": "A. Stranger", "source": "a paper", "data": "cifar10",
    "scheme": "le/1", "model": "resnet18", "device": "cuda", "epochs": 30, "moved": True, "accuracies": [80.1, 81.0],
    "images": 10000,
}  # fmt: skip
ATTACKED = {
    "recovery": 0.4, "low": 0.3, "high": 0.5, "identified": 0.9, "attack": "look", "view": "one", "n": 100, "keys": 3,
}  # fmt: skip


def test_a_strangers_row_is_one_file_that_a_command_checks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def checked(entry: Any) -> tuple[Any, str]:
        file = tmp_path / "row.json"
        file.write_text(entry if isinstance(entry, str) else json.dumps(entry))
        with pytest.raises(SystemExit) as left:
            main(["leaderboard", "--check", str(file)])
        out, err = capfd.readouterr()
        assert err.count("\n") <= 1
        return left.value.code, out + err

    assert checked(ENTRY)[0] == 0
    own = ENTRY | {"scheme": "mine/1", "attacked": ATTACKED}
    assert checked(own)[0] == 0
    for wrong, words in (
        ("{", "no JSON"),
        ("[" * 50_000, "no JSON"),
        (ENTRY | {"accuracies": [180.0]}, "accuracies.0"),
        (ENTRY | {"accuracies": []}, "accuracies"),
        (ENTRY | {"colour": 1}, "colour"),
        (ENTRY | {"attacked": ATTACKED}, "leave attacked out"),
        (ENTRY | {"scheme": "mine/1"}, "say in attacked"),
        (own | {"attacked": ATTACKED | {"low": 0.45}}, "between low and high"),
        (ENTRY | {"name": "../x"}, "name"),
        (ENTRY | {"fields": {"block": "many"}}, "block"),
        (ENTRY | {"source": "x" * 70_000}, "larger than a row"),
    ):
        code, said = checked(wrong)
        assert code == 2, said
        assert words in said
    with pytest.raises(SystemExit):
        main(["leaderboard", "--check", str(tmp_path / "absent.json")])
    assert "cannot be read" in capfd.readouterr().err


def test_a_strangers_row_stands_among_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.json").write_text(json.dumps(ENTRY | {"scheme": "mine/1", "attacked": ATTACKED}))
    monkeypatch.setattr(record, "folder", lambda: tmp_path)
    (row,) = rows()
    assert (row.recipe, row.by, row.n, row.accuracy, row.identified) == ("ours_on_le", "A. Stranger", 2, 80.55, 0.9)
    assert table([row])[1][0][0] == "ours_on_le, by A. Stranger"


def test_json_has_the_members_that_are_promised(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["leaderboard", "--json"])
    for row in json.loads(capfd.readouterr().out):
        assert row.keys() == KEYS
        assert row["key_scope"] in ("dataset", "image")
        assert row["view"] in (None, "one", "many", "pairs", "chosen")
        assert 0 <= row["accuracy"] <= 100
        assert row["n"] >= 1


def test_the_command_prints_and_draws(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["leaderboard", "--data", "cifar10", "--plot", str(tmp_path / "x.svg")])
    assert left.value.code == 0
    out = capfd.readouterr().out
    assert "best recovery" in out
    assert "plain" in out
    assert (tmp_path / "x.svg").read_text().startswith("<svg")
    with pytest.raises(SystemExit) as left:
        main(["leaderboard", "--plot", str(tmp_path / "no" / "x.svg")])
    assert left.value.code == 2
    assert "cannot be written" in capfd.readouterr().err


def test_what_was_not_run_is_named_only_where_all_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    known = {one.recipe for one in rows()}
    assert not known & {one.recipe for one in unrun()}
    assert {one.recipe for one in unrun([])} == set(RECIPES)
    for words, named in (([], False), (["--all"], True)):
        with pytest.raises(SystemExit) as left:
            main(["leaderboard", *words])
        assert left.value.code == 0
        assert ("Not run" in (out := capfd.readouterr().out)) == named
        assert ("vit_plain" in out) == named
    with pytest.raises(SystemExit):
        main(["leaderboard", "--all", "--json", "--data", "cifar10"])
    found = json.loads(capfd.readouterr().out)
    assert {one["recipe"]: one["accuracy"] for one in found if one["recipe"] == "vit_plain"} == {"vit_plain": None}


def test_the_table_loses_against_its_own_plain() -> None:
    found = board()
    header, lines = table(found)
    assert header == HEADER
    cells = {line[0]: dict(zip(header, line, strict=True)) for line in lines}
    assert cells["pe_images"]["loss to plain"] == "9.50"
    assert cells["pe_wrong"]["loss to plain"] == ""
    assert cells["plain"]["best recovery"] == "not measured"
    assert cells["hundred (cifar100)"]["published: loss, %"].startswith("5.34 (78.25 of 83.59")
    drawn = plot(found)
    assert "pe_images" in drawn
    assert "pe_wrong" not in drawn
    assert "plain pictures 90.5 %" in drawn


def test_published_numbers_go_with_their_fields() -> None:
    assert published("cifar10", "shf/1", {"block": 8}) is not None
    assert published("cifar10", "shf/1", {"block": 32}) is None
    assert published("cifar100", "shf/1", {"block": 4}) is None
    for one in NUMBERS:
        imveil.find(one.scheme, **one.fields)
        assert one.accuracy < one.plain
        assert one.source.startswith("arXiv")


def test_the_page_is_fresh() -> None:
    found = rows()
    drawn = (ROOT / "docs/pictures/leaderboard.svg").read_text(encoding="utf-8")
    assert drawn == plot(found), "run python -m scripts.tables"
    page = (ROOT / "docs/leaderboard.md").read_text(encoding="utf-8")
    for row in found:
        assert f"| {row.accuracy:.2f} |" in page, f"{row.recipe}: run python -m scripts.tables"


def test_every_accuracy_record_is_in_it() -> None:
    known = {(one.facts["data"], one.digest) for one in record.read("accuracy")}
    assert len(rows()) >= len(known)

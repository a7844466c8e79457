"""The audit of schemes: condemns what is broken, acquits the control, says what it did not try, keeps to its budget."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import imveil
from auditing import HERE, PICTURES, few_attacks, few_steps, run, write
from audits import finding, made
from imveil import attacks
from imveil.attacks.look import Look
from imveil.audit.campaign import audit, campaign
from imveil.audit.finding import Finding
from imveil.audit.pictures import read_pictures
from imveil.audit.result import Audit
from imveil.audit.trials import MOST_PAIRS, Skipped, Trial, plan
from imveil.audit.verdicts import as_json, meaning, sentence
from imveil.errors import MissingExtra
from terminal import at_a_terminal

__all__ = ["few_attacks", "few_steps", "run"]  # fixtures
pytestmark = pytest.mark.usefixtures("few_steps")
QUICK = pytest.mark.usefixtures("few_attacks")
ALL = ("coa", "kpa", "cpa")


@QUICK
def test_a_fixed_sequence_is_condemned_in_every_view() -> None:
    for view in ("coa", "kpa", "cpa"):
        found = audit(imveil.find("aes-xor/1"), PICTURES, budget=60, views=[view], seeds=1)
        assert found.condemned(0.8), (view, sentence(found))
        assert found.level == "open"
        assert sentence(found).startswith("These pictures are not protected: an attacker who ")


def test_the_control_is_acquitted_by_every_attack() -> None:
    found = audit(imveil.find("aes-ctr-control/1"), PICTURES, budget=600, seeds=1)
    assert not [one for one in found.skipped if "no time" in one.reason]
    assert not found.condemned(0.02), as_json(found)["best"]
    assert found.level == "nothing found"
    assert "no proof of security" in sentence(found)


@QUICK
def test_plain_pictures_are_seen_at_once() -> None:
    found = audit(imveil.find("plain/1"), PICTURES, budget=30, views=["coa"], seeds=1)
    assert found.best is not None
    assert found.best.trial.attack.id == "look"
    assert found.best.recovery == 1
    assert "not encrypted in any sense" in sentence(found)


def test_what_was_not_tried_is_said_with_its_reason() -> None:
    trials, skipped = plan(240, (32, 32, 3), ("coa",), 60, imveil.find("negpos/1", per_image=True))
    reasons = {one.attack: one.reason for one in skipped}
    assert "cpa" in reasons["chosen-plan"]
    assert {trial.view for trial in trials} == {"coa"}
    found = audit(imveil.find("aes-ctr-control/1"), PICTURES, budget=1e-9)
    assert found.level == "not enough was tried"
    seen = audit(imveil.find("aes-xor/1"), PICTURES, budget=1e-9)
    assert seen.level == "partly open", "what anyone sees is said without an attack"
    assert "reused stream" in sentence(seen)
    assert all("no time" in one.reason or "cannot work here: " in one.reason for one in found.skipped)


def test_the_budget_decides_the_steps_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(attacks.find("inverse-net")), "steps", 600)
    short, _ = plan(240, (32, 32, 3), ALL, 10)
    long, _ = plan(240, (32, 32, 3), ALL, 1000)
    steps = [next(t.steps for t in trials if t.attack.id == "inverse-net") for trials in (short, long)]
    assert 1 < steps[0] < steps[1] == 600
    assert plan(240, (32, 32, 3), ALL, 10)[0][-1].steps == short[-1].steps


def test_steps_fill_half_of_the_budget_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["inverse-net", "inverse-net-fresh", "look"]
    monkeypatch.setattr("imveil.attacks.names", lambda: names)
    for name in names[:2]:
        monkeypatch.setattr(type(attacks.find(name)), "steps", 10**6)
    for budget in (20, 200):
        trials, _ = plan(2000, (32, 32, 3), ALL, budget)
        assert 0.45 * budget < sum(t.seconds for t in trials) <= 0.5 * budget


def test_attacks_that_take_steps_get_all_the_pairs_there_are() -> None:
    for pictures, pairs in ((2200, MOST_PAIRS), (240, 180), (6, 3)):
        trials, _ = plan(pictures, (32, 32, 3), ALL, 60)
        [one] = [t for t in trials if t.attack.id == "inverse-net"]
        assert one.terms.pairs == pairs == one.strength


def test_slow_attacks_come_after_the_quick_ones_and_get_the_targets_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    trials, _ = plan(240, (32, 32, 3), ("coa",), 60)
    slow = [t.attack.slow for t in trials if not t.attack.steps]
    assert any(slow)
    assert slow == sorted(slow)
    monkeypatch.setattr(type(attacks.find("jigsaw")), "seconds_a_picture", lambda *_: 1.0)
    monkeypatch.setattr("imveil.attacks.names", lambda: ["jigsaw", "look"])
    for budget, targets in ((1000, 40), (60, 15)):
        trials, _ = plan(240, (32, 32, 3), ("coa",), budget)
        [one] = [t for t in trials if t.attack.id == "jigsaw"]
        assert one.terms.targets == targets
        assert one.seconds == 2 * targets <= budget / 2
    _, skipped = plan(240, (32, 32, 3), ("coa",), 5)
    assert any(one.attack == "jigsaw" and "about 1 s for each picture" in one.reason for one in skipped)


def test_a_slow_encryptor_gets_fewer_pictures() -> None:
    quick, _ = plan(2000, (32, 32, 3), ALL, 60)
    slow, _ = plan(2000, (32, 32, 3), ALL, 60, pace=0.3)
    assert {t.terms.targets for t in slow} == {5}
    assert max(t.seconds for t in slow if t.strength == 1000) >= 600 > max(t.seconds for t in quick)


def test_views_are_told_by_what_an_attack_needs() -> None:
    class Asks(Look):
        needs = frozenset({"oracle", "pairs"})

    class Learns(Look):
        needs = frozenset({"ciphers", "public", "simulate"})

    assert [one().view for one in (Asks, Learns, Look)] == ["cpa", "coa", "coa"]


def test_grades_go_by_the_lower_end_of_the_interval() -> None:
    assert made(0.7).level == "open"
    assert made(0.55).level == "partly open"
    assert made(0.1).level == "nothing found"
    assert made(0.1, identified=0.9, gallery=1000).level == "recognisable"
    assert "picks the right one among 1,000 in 90 % of cases" in sentence(made(0.1, identified=0.9, gallery=1000))
    assert Audit("x/1", "", ("coa",), 60).level == "not enough was tried"
    assert made(0.55).condemned(0.4)
    assert not made(0.55).condemned(0.5)


def test_of_equal_findings_the_one_that_needed_least_is_named() -> None:
    found = made(0.2, 1.0, 1.0)
    assert found.best is not None
    assert found.best.trial.strength == 2


def test_the_verdict_tells_of_the_least_that_does_nearly_as_well() -> None:
    found = made(0.2, 0.97, 1.0)
    assert found.best is not None
    assert found.best.trial.strength == 3
    assert found.headline is not None
    assert found.headline.trial.strength == 2
    assert "knows 2 pictures" in sentence(found)
    weak = made(0.1, 0.12)
    assert weak.headline is weak.best, "where nothing is broken, it is the best"


def test_who_chose_from_a_gallery_told_a_picture_and_did_not_get_it_back() -> None:
    found = made(0.1)
    [link] = [t for t in plan(240, (32, 32, 3), ("coa",), 60)[0] if t.attack.id == "link"]
    found.findings.append(finding(link, 1.0, identified=1.0, gallery=1000))
    assert not found.condemned(0.5), "a pick is no recovery"
    assert found.condemned(0.5, identified=0.05), "and has a threshold of its own"
    assert found.level == "recognisable"
    assert "has one cipher image, and 1,000 pictures among which the right one is, picks the right" in sentence(found)
    found.findings[0] = made(0.3).findings[0]
    assert found.level == "partly open"
    assert "Moreover, an attacker who" in sentence(found)


def test_an_attack_that_scores_on_noise_condemns_nobody() -> None:
    found = made(0.9, noise=0.3)
    assert found.best is None
    assert found.level == "not enough was tried"
    assert not found.condemned(0.1)
    assert not as_json(found)["findings"][0]["sound"]


def test_what_the_number_means_is_said_beside_it() -> None:
    assert "picture itself (100 %)" in meaning(made(0.5))
    blind = made(0.5)
    blind.truth = False
    assert "chance gives 1 %" in meaning(blind)


def test_repeats_add_to_the_spread_and_a_missing_extra_is_a_reason() -> None:
    found, values = Audit("x/1", "", ("kpa",), 60), iter((0.5, 0.7, 0.9))
    one, other = plan(240, (32, 32, 3), ("kpa",), 60)[0][:2]

    def play(trial: Trial, seed: int) -> Finding | Skipped:
        del seed
        if trial == other:
            raise MissingExtra("torch is needed")
        return finding(trial, next(values))

    campaign(found, [one, other], play, list, seeds=3, end=float("inf"), progress=None)
    assert found.findings[0].spread == pytest.approx((0.7, 0.2, 3))
    assert found.skipped == [Skipped(other.label, "torch is needed")]


@QUICK
def test_ctrl_c_leaves_a_partial_answer() -> None:
    def stop(done: int, *_: object) -> None:
        if done == 2:
            raise KeyboardInterrupt

    found = audit(imveil.find("aes-xor/1"), PICTURES, budget=60, progress=stop)
    assert found.interrupted
    assert len(found.findings) == 2
    assert any("interrupted" in one.reason for one in found.skipped)
    assert sentence(found)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of its own is made with POSIX calls")
def test_ctrl_c_at_a_terminal_gives_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real Ctrl-C goes to every process of the terminal; the encryptor's must not take it for an end."""
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{':'.join(sys.path)}")
    plain, told, page = write(tmp_path / "plain", PICTURES[:60]), tmp_path / "found.json", tmp_path / "r.html"
    words = ["audit", "--encryptor", "encryptors:fixed_xor", "--data", str(plain), "--view", "kpa", "--budget", "1000"]
    code, screen = at_a_terminal([*words, "--json", str(told), "--out", str(page)], ["\x03"], b"inverse-net")
    assert code == 130, screen
    assert "Traceback" not in screen
    assert "imveil: interrupted after" in screen
    assert "not protected" in screen
    found = json.loads(told.read_text())
    assert found["interrupted"]
    assert found["best"]["low"] > 0.9
    assert found["metrics"]
    reasons = {one["attack"]: one["reason"] for one in found["skipped"]}
    assert any("inverse-net" in name and "interrupted" in reason for name, reason in reasons.items())
    assert "interrupted" in page.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of FOLDER, --scheme and --encryptor was needed, none came"),
        (["c", "--scheme", "plain/1"], "FOLDER and --scheme came"),
        (["--scheme", "plain/1"], "plain pictures to attack were needed"),
        (["--scheme", "nonsense/1", "--data", "p"], "no scheme is called 'nonsense/1'"),
        (["--scheme", "plain/1", "--data", "absent"], "absent is not there"),
        (["--scheme", "plain/1", "--data", "p", "--budget", "soon"], "a time such as"),
        (["--scheme", "plain/1", "--data", "p", "--budget", "0"], "a time such as"),
        (["--scheme", "plain/1", "--data", "p", "--fail-above", "7"], "Invalid value for '--fail-above'"),
        (["--scheme", "plain/1", "--data", "p", "--out", "no/such/folder.html"], "is no folder"),
        (["--scheme", "plain/1", "--data", "p", "--out", "there.html"], "exists already"),
        (["--scheme", "etc/1", "--set", "block=x", "--data", "p"], "block"),
        (["p", "--data", "p"], "true pictures are given by --truth"),
        (["p", "--view", "kpa"], "a folder holds cipher images and nothing else"),
        (["--scheme", "plain/1", "--data", "p", "--truth", "p"], "goes with a folder"),
        (["--encryptor", "a:b", "--set", "x=1", "--data", "p"], "--set goes with --scheme"),
    ],
)
def test_bad_input_is_one_line(words: list[str], said: str, run: Any) -> None:
    write(Path("p"), PICTURES[:6])
    Path("there.html").write_text("mine")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith("imveil: ")
    assert said in err
    assert err.count("\n") == 1
    assert Path("there.html").read_text() == "mine"


@QUICK
def test_exit_codes_stand_in_a_pipeline(run: Any) -> None:
    write(Path("p"), PICTURES[:60])
    words = ["--data", "p", "--view", "coa", "--budget", "20"]
    assert run("--scheme", "plain/1", *words, "--fail-above", "0.9")[0] == 3
    code, out, err = run("--scheme", "aes-ctr-control/1", *words, "--fail-above", "0.1")
    assert code == 0, (out, err)
    nothing = ["--data", "p", "--budget", "0.000001", "--fail-above", "0.1"]
    assert run("--scheme", "plain/1", *nothing)[0] == 3, "what anyone sees needs no attack"
    code, out, err = run("--scheme", "aes-ctr-control/1", *nothing)
    assert code == 1, "a pipeline must not take a budget of nothing for an acquittal"
    assert "nothing was judged" in err


@QUICK
def test_json_needs_no_extra_and_the_report_says_which(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("jinja2", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    write(Path("p"), PICTURES[:60])
    words = ["--scheme", "aes-xor/1", "--data", "p", "--view", "cpa", "--budget", "9"]
    code, out, err = run(*words, "--json", "-")
    assert code == 0, err
    told = json.loads(out, parse_constant=pytest.fail)
    assert told["level"] == "open"
    assert {record["format"] for record in told["records"]} == {"imveil-record/1"}
    code, out, err = run(*words, "--out", "r.html")
    assert (code, out) == (2, "")
    assert "pip install 'imveil[audit]'" in err


@QUICK
@pytest.mark.needs_data
@pytest.mark.parametrize("scheme", ["aes-xor/1", "logistic-xor/1"])
def test_photographs_under_a_fixed_sequence_come_back_from_cipher_images_alone(scheme: str, real_data: Path) -> None:
    del real_data
    pictures = read_pictures("cifar100", most=400).images
    found = audit(imveil.find(scheme), pictures, budget=120, views=["coa"], seeds=1)
    hundred = next(f for f in found.findings if f.trial.attack.id == "many-time-pad" and f.trial.strength == 100)
    assert hundred.low > 0.9
    assert found.condemned(0.9)


@pytest.mark.needs_data
def test_the_control_is_acquitted_where_the_mean_picture_is_a_good_guess(real_data: Path) -> None:
    pictures = read_pictures(str(real_data / "pneumoniamnist" / "pneumoniamnist.npz"), most=400).images
    found = audit(imveil.find("aes-ctr-control/1"), pictures, budget=120, seeds=1)
    assert not found.condemned(0.05)
    assert found.best is not None
    assert found.best.records[0].facts["found"]["blind"] > 0.4

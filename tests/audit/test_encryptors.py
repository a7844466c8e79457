"""Other people's encryptors under audit: good ones, crashing, hanging, of another size; a sentence each."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditing import HERE, PICTURES, few_attacks, few_steps, run, write
from imveil.audit.campaign import audit
from imveil.audit.encryptors import Encryptor
from imveil.audit.game.referee import game
from imveil.audit.game.split import Terms
from imveil.errors import BadInput

__all__ = ["few_attacks", "few_steps", "run"]  # fixtures
pytestmark = pytest.mark.usefixtures("few_attacks")


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{':'.join(sys.path)}")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crashes", "encryptors:crashes failed: RuntimeError: cannot do 2"),
        ("leaves", "encryptors:leaves ended unexpectedly"),
        ("hangs", "encryptors:hangs did not answer within"),
        ("varying_size", "returned images of size"),
        ("too_few", "for 2 pictures"),
        ("words", "it returned"),
        ("nothing", "it must return one cipher image for each picture"),
        ("not_finite", "numbers that are not finite"),
        ("absent", "has no attribute 'absent'"),
    ],
)
def test_those_that_fail_are_a_sentence(name: str, words: str, run: Any) -> None:
    write(Path("plain"), PICTURES[:30])
    code, out, err = run("--encryptor", f"encryptors:{name}", "--data", "plain", "--timeout", "8", "--budget", "20")
    last = err.strip().splitlines()[-1]
    assert code == 2
    assert last.startswith("imveil: ")
    assert words in last
    assert not out


def test_one_that_fails_on_what_an_attack_asks_is_still_judged_by_the_others(run: Any) -> None:
    write(Path("plain"), PICTURES[:30])
    code, out, err = run("--encryptor", "encryptors:dislikes_flat", "--data", "plain", "--budget", "30",
                         "--fail-above", "0.9", "--json", "found.json")  # fmt: skip
    assert code == 3, (out, err)
    assert "These pictures are not protected" in out
    assert "The encryptor failed once: encryptors:dislikes_flat failed: ValueError: no contrast" in err
    told = json.loads(Path("found.json").read_text())
    assert "no contrast" in next(one["reason"] for one in told["skipped"] if one["attack"] == "chosen-plan")


def test_one_that_hangs_on_what_an_attack_asks_is_started_again() -> None:
    with Encryptor("encryptors:hangs_on_flat", timeout=2) as other:
        found = audit(other.challenger(), PICTURES[:30], budget=60, views=["cpa", "kpa"], seeds=1)
    assert found.condemned(0.9)
    assert "did not answer within 2 seconds" in found.notes[0]


def test_one_that_fails_whatever_is_asked_raises() -> None:
    from imveil.audit.game.challenger import Challenger

    def fails(*_: Any) -> Any:
        raise BadInput("no")

    with pytest.raises(BadInput, match="no"):
        audit(Challenger(fails), PICTURES[:30], budget=5, seeds=1)


def test_one_with_a_single_sequence_is_broken(run: Any) -> None:
    write(Path("plain"), PICTURES[:100])
    words = ["--encryptor", "encryptors:fixed_xor", "--data", "plain", "--budget", "9", "--fail-above", "0.9"]
    code, out, _ = run(*words, "--view", "cpa", "--json", "found.json")
    assert code == 3
    assert "not protected" in out
    told = json.loads(Path("found.json").read_text())
    assert told["best"]["low"] > 0.9
    assert told["best"]["view"] == "cpa"
    assert "of his choice" in told["verdict"]


def test_one_that_does_nothing_is_no_encryption(run: Any) -> None:
    write(Path("plain"), PICTURES[:40])
    code, out, _ = run("--encryptor", "encryptors:unchanged", "--data", "plain", "--budget", "9", "--fail-above", "0.9")
    assert code == 3
    assert "not encrypted in any sense" in out


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("random_answers", "a fresh key, or fresh random bytes"),
        ("other_size", "Its cipher images are 8x16x3, the pictures 16x16x3"),
        ("rows_of_numbers", "Its cipher images are 1x768x1"),
    ],
)
def test_random_answers_and_other_sizes_get_no_wrong_verdict(name: str, note: str, run: Any) -> None:
    write(Path("plain"), PICTURES[:60])
    code, _, err = run("--encryptor", f"encryptors:{name}", "--data", "plain", "--budget", "9", "--json", "f.json")
    assert code == 0, (name, err)
    assert note in err
    told = json.loads(Path("f.json").read_text())
    if name == "random_answers":
        assert told["level"] in ("nothing found", "not enough was tried")  # a busy machine plays less
    else:  # half of a picture, or all of it in another shape, are left as they were: `link` sees which picture it is
        assert told["level"] != "nothing found"
        assert any("another size" in one["reason"] for one in told["skipped"])


def test_a_program_from_png_to_png(tmp_path: Path) -> None:
    script = tmp_path / "invert.py"
    script.write_text(
        "import sys, io\nfrom PIL import Image, ImageOps\n"
        "out = io.BytesIO(); ImageOps.invert(Image.open(sys.stdin.buffer)).save(out, 'PNG')\n"
        "sys.stdout.buffer.write(out.getvalue())\n"
    )
    found = Encryptor(f"{sys.executable} {script}")(PICTURES[:2])
    np.testing.assert_array_equal(found, 255 - PICTURES[:2])
    with pytest.raises(BadInput, match="did not write a PNG"):
        Encryptor(f"{sys.executable} -c pass")(PICTURES[:1])
    with pytest.raises(BadInput, match="exit code 5"):
        Encryptor(f"{sys.executable} -c exit(5)")(PICTURES[:1])
    with pytest.raises(BadInput, match="neither module:function nor a program"):
        Encryptor("no-such-program-here x")


def test_a_program_that_hangs_is_ended_with_all_it_started() -> None:
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"within 0\.5 seconds"):
        Encryptor("sh -c 'sleep 30 | cat'", timeout=0.5)(PICTURES[:1])
    assert time.monotonic() - began < 20


def test_a_program_whose_answers_differ_in_size_is_a_sentence(tmp_path: Path) -> None:
    script = tmp_path / "grow.py"
    script.write_text(
        "import sys\nfrom PIL import Image\nseen = Image.open(sys.stdin.buffer)\n"
        "seen.resize((8, 8 + seen.getpixel((0, 0))[0] % 7)).save(sys.stdout.buffer, 'PNG')\n"
    )
    pictures = np.stack([np.full((8, 8, 3), v, np.uint8) for v in (0, 1)])
    with pytest.raises(BadInput, match=r"images of size \(9, 8, 3\), and of \(8, 8, 3\) before"):
        Encryptor(f"{sys.executable} {script}")(pictures)


def test_a_whole_audit_of_a_program(run: Any, tmp_path: Path) -> None:
    """Each picture costs a process: fewer pictures are asked for, and the answer is the same."""
    script = tmp_path / "invert.py"
    script.write_text(
        "import sys\nfrom PIL import Image, ImageOps\n"
        "ImageOps.invert(Image.open(sys.stdin.buffer)).save(sys.stdout.buffer, 'PNG')\n"
    )
    write(Path("plain"), PICTURES[:30])
    words = ["--encryptor", f"{sys.executable} {script}", "--data", "plain", "--view", "kpa", "--budget", "10"]
    code, out, err = run(*words, "--fail-above", "0.9")
    assert code == 3, (out, err)


@pytest.mark.parametrize("name", ["their_etc", "their_pe", "their_lossy_etc", "their_lossy_pe"])
def test_other_peoples_are_broken(name: str, run: Any) -> None:
    pytest.importorskip("scramblekit.scramble", reason="the extra `peers` is not installed")
    write(Path("plain"), PICTURES[:100])
    words = ["--encryptor", f"encryptors:{name}", "--data", "plain", "--budget", "20", "--view", "cpa"]
    code, out, err = run(*words, "--fail-above", "0.5" if "lossy" in name else "0.9")
    assert code == 3, (out, err)


def test_pictures_of_another_size_may_be_asked_for() -> None:
    with Encryptor("encryptors:fixed_xor") as theirs:
        for side in (16, 32, 16):
            assert theirs(np.zeros((2, side, side, 3), np.uint8)).shape == (2, side, side, 3)
        found = game(theirs.challenger(), PICTURES, "pad-across-sizes", terms=Terms(targets=8, other_pairs=1))
    assert found.score.low > 0.9, "its stream begins alike for every size"


def test_levels_need_findings() -> None:
    with Encryptor("encryptors:other_size") as other:
        found = audit(other.challenger(), PICTURES[:30], budget=5, views=["cpa"], seeds=1)
    assert found.level == "partly open", "the values of such images are not spread evenly"

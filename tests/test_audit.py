"""The audit: condemns what is broken, acquits the control, says what it did not try, and fails in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil.cli import main
from imveil.errors import BadInput, BadSource
from imveil.keys.files import write_key
from imveil.lab.attack import attacks, find_attack
from imveil.lab.audit import audit
from imveil.lab.audit_folder import audit_folder, read_folder, total_variation
from imveil.lab.encryptor import Encryptor
from imveil.lab.pictures import read_pictures
from imveil.lab.trials import plan, view_of
from imveil.lab.verdict import as_json, level, sentence
from smooth import smooth_pictures

HERE = Path(__file__).parent
PICTURES = smooth_pictures(240)
KEY = imveil.Key(bytes(range(32)))


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attacks that train take two steps: they are there to be played, not to win."""
    for attack in map(find_attack, attacks()):
        if attack.steps:
            monkeypatch.setattr(type(attack), "steps", 2)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)

    def call(*args: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["audit", *(str(arg) for arg in args)])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return int(left.value.code or 0), out, err

    return call


def write(folder: Path, images: Any, names: str = "{:03}.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(folder / names.format(i))
    return folder


def test_a_fixed_sequence_is_condemned_in_every_view() -> None:
    for view in ("coa", "kpa", "cpa"):
        found = audit(imveil.find("aes-xor/1"), PICTURES, budget=60, views=[view], seeds=1)
        assert found.condemned(0.8), (view, sentence(found))
        assert level(found) == "open"


def test_the_control_is_acquitted() -> None:
    found = audit(imveil.find("aes-ctr-control/1"), PICTURES, budget=60, seeds=1)
    assert not found.condemned(0.02), as_json(found)["best"]
    assert level(found) == "nothing found"
    assert "no proof of security" in sentence(found)


def test_plain_pictures_are_seen_at_once() -> None:
    found = audit(imveil.find("plain/1"), PICTURES, budget=30, views=["coa"], seeds=1)
    assert found.best is not None
    assert found.best.trial.attack.id == "look"
    assert found.best.recovery == 1


def test_what_was_not_tried_is_said_with_its_reason() -> None:
    trials, skipped = plan(240, (32, 32, 3), ("coa",), 60, imveil.find("negpos/1", per_image=True))
    reasons = {one.attack: one.reason for one in skipped}
    assert "cpa" in reasons["chosen-plan"]
    assert {trial.view for trial in trials} == {"coa"}
    found = audit(imveil.find("aes-xor/1"), PICTURES, budget=1e-9)
    assert level(found) == "no verdict"
    assert all("no time" in one.reason or "made for" in one.reason for one in found.skipped)


def test_the_budget_decides_the_steps_beforehand() -> None:
    short, _ = plan(240, (32, 32, 3), ("coa", "kpa", "cpa"), 10)
    long, _ = plan(240, (32, 32, 3), ("coa", "kpa", "cpa"), 1000)
    assert [t.attack.id for t in short] == [t.attack.id for t in long]
    assert all(a.steps <= b.steps for a, b in zip(short, long, strict=True))


def test_slow_attacks_come_after_the_quick_ones() -> None:
    trials, _ = plan(240, (32, 32, 3), ("coa",), 60)
    slow = [t.attack.slow for t in trials if not t.attack.steps]
    assert any(slow)
    assert slow == sorted(slow)


def test_views_are_told_by_what_an_attack_needs() -> None:
    assert view_of(frozenset({"oracle", "pairs"})) == "cpa"
    assert view_of(frozenset({"pairs"})) == "kpa"
    assert view_of(frozenset({"ciphers", "public", "simulate"})) == "coa"


def test_ctrl_c_leaves_a_partial_answer() -> None:
    def stop(done: int, *_: object) -> None:
        if done == 2:
            raise KeyboardInterrupt

    found = audit(imveil.find("aes-xor/1"), PICTURES, budget=60, progress=stop)
    assert found.interrupted
    assert len(found.findings) == 2
    assert any("interrupted" in one.reason for one in found.skipped)
    assert sentence(found)


def cipher_folder(tmp_path: Path, scheme: str, n: int = 240, channels: int = 3, **fields: Any) -> tuple[Path, Path]:
    pictures = smooth_pictures(n, channels=channels)
    cipher = imveil.find(scheme, **fields).encrypt(pictures, KEY, [f"{i}" for i in range(n)])
    return write(tmp_path / "ciphers", cipher.images), write(tmp_path / "truth", pictures)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_under_a_fixed_sequence_is_condemned_without_a_word_about_it(tmp_path: Path, channels: int) -> None:
    ciphers, truth = cipher_folder(tmp_path, "aes-xor/1", 140, channels)
    found = audit_folder(read_folder(ciphers), budget=60)
    assert found.condemned(0.8), sentence(found)
    assert any("many-time pad" in note for note in found.notes)
    assert audit_folder(read_folder(ciphers), truth=truth, budget=60).condemned(0.8)


def test_a_folder_of_random_bytes_is_acquitted(tmp_path: Path) -> None:
    ciphers, truth = cipher_folder(tmp_path, "aes-ctr-control/1", 100)
    found = audit_folder(read_folder(ciphers), budget=60)
    assert not found.condemned(0.15), as_json(found)["best"]
    assert any("random bytes" in note for note in found.notes)
    assert not audit_folder(read_folder(ciphers), truth=truth, budget=60).condemned(0.02)


def test_a_folder_of_plain_pictures_is_told_as_such(tmp_path: Path) -> None:
    found = audit_folder(read_folder(write(tmp_path / "p", PICTURES[:60])), budget=30)
    assert any("not encrypted" in note for note in found.notes)
    assert found.condemned(0.8)


def test_folders_that_say_little(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(BadSource, match="holds no pictures"):
        read_folder(tmp_path / "none")
    with pytest.raises(BadSource, match="3 pictures of one size, at least 4"):
        read_folder(write(tmp_path / "three", PICTURES[:3]))
    with pytest.raises(BadSource, match="is none"):
        read_folder(tmp_path / "absent")
    mixed = write(tmp_path / "mixed", PICTURES[:8])
    write(mixed, smooth_pictures(3, side=16), "small{}.png")
    (mixed / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    read = read_folder(mixed)
    assert read.images.shape == (8, 32, 32, 3)
    assert "1 files could not be read" in read.notes[0]
    assert "sizes are mixed: the 8 of 32x32x3 were taken, 3 others were not" in read.notes[1]
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"no picture")
    with pytest.raises(BadSource, match="none of the 1 pictures"):
        read_folder(tmp_path / "bad")


def test_names_of_the_truth_must_pair(tmp_path: Path) -> None:
    ciphers = write(tmp_path / "c", PICTURES[:10])
    truth = write(tmp_path / "t", PICTURES[:10], "other{}.png")
    with pytest.raises(BadSource, match="10 of 10 cipher images have no true picture"):
        audit_folder(read_folder(ciphers), truth=truth)
    with pytest.raises(BadSource, match="its cipher image is"):
        audit_folder(read_folder(ciphers), truth=write(tmp_path / "u", smooth_pictures(10, side=16)))


def test_total_variation_tells_pictures_from_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, PICTURES.shape, np.uint8)
    assert total_variation(PICTURES).max() < np.quantile(total_variation(noise), 0.01)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crashes", "encryptors:crashes failed: RuntimeError: cannot do 2"),
        ("leaves", "encryptors:leaves ended unexpectedly"),
        ("hangs", "encryptors:hangs did not answer within"),
        ("varying_size", "returned images of size"),
        ("too_few", "for 2 pictures"),
        ("words", "it returned"),
        ("absent", "has no attribute 'absent'"),
    ],
)
def test_encryptors_that_fail_are_a_sentence(name: str, words: str, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{':'.join(sys.path)}")
    write(Path("plain"), PICTURES[:30])
    code, out, err = run("--encryptor", f"encryptors:{name}", "--data", "plain", "--timeout", "8", "--budget", "20")
    last = err.strip().splitlines()[-1]
    assert code == 2
    assert last.startswith("imveil: ")
    assert words in last
    assert not out


def test_an_encryptor_with_one_sequence_is_broken(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{':'.join(sys.path)}")
    write(Path("plain"), PICTURES[:100])
    words = ["--encryptor", "encryptors:fixed_xor", "--data", "plain", "--budget", "9", "--fail-above", "0.9"]
    code, out, _ = run(*words, "--view", "cpa", "--json", "found.json")
    assert code == 3
    assert "not protected" in out
    told = json.loads(Path("found.json").read_text())
    assert told["best"]["low"] > 0.9
    assert told["best"]["view"] == "cpa"


def test_random_answers_and_other_sizes_get_no_wrong_verdict(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{':'.join(sys.path)}")
    write(Path("plain"), PICTURES[:60])
    for name, note in (("random_answers", "draws a key"), ("other_size", "its cipher images are")):
        code, _, err = run(
            "--encryptor", f"encryptors:{name}", "--data", "plain", "--budget", "6", "--fail-above", "0.3"
        )
        assert code == 0, (name, err)
        assert note in err


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
    with pytest.raises(BadInput, match=r"within 0\.5 seconds"):
        Encryptor(f"{sys.executable} -c 'import time; time.sleep(9)'", timeout=0.5)(PICTURES[:1])
    with pytest.raises(BadInput, match="neither module:function nor a program"):
        Encryptor("no-such-program-here x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of FOLDER, --scheme and --encryptor was needed, none came"),
        (["c", "--scheme", "plain/1"], "FOLDER and --scheme came"),
        (["--scheme", "plain/1"], "plain pictures to attack were needed"),
        (["--scheme", "nonsense/1", "--data", "p"], "no scheme is called 'nonsense/1'"),
        (["--scheme", "plain/1", "--data", "absent"], "absent is not there"),
        (["--scheme", "plain/1", "--data", "p", "--budget", "soon"], "a budget is a time such as"),
        (["--scheme", "plain/1", "--data", "p", "--out", "no/such/folder.html"], "is no folder"),
        (["--scheme", "plain/1", "--data", "p", "--out", "there.html"], "exists already"),
        (["p", "--data", "p"], "true pictures are given by --truth"),
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


def test_the_report_is_one_file_that_loads_nothing(run: Any) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    write(Path("p"), PICTURES[:150])
    code, out, _ = run("--scheme", "aes-xor/1", "--data", "p", "--budget", "6", "--out", "r.html", "--json", "r.json")
    assert code == 0
    page = Path("r.html").read_text()
    told = json.loads(Path("r.json").read_text())
    assert told["verdict"] in out
    assert told["verdict"] in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")
    assert "did not prevent any recovery" in page
    assert {record["format"] for record in told["records"]} == {"imveil-record/1"}


@pytest.mark.parametrize("name", ["their_etc", "their_pe", "their_lossy_etc", "their_lossy_pe"])
def test_other_peoples_encryptors_are_broken(name: str, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scramblekit.scramble", reason="the extra `peers` is not installed")
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{':'.join(sys.path)}")
    write(Path("plain"), PICTURES[:100])
    words = ["--encryptor", f"encryptors:{name}", "--data", "plain", "--budget", "20", "--view", "cpa"]
    code, out, err = run(*words, "--fail-above", "0.5" if "lossy" in name else "0.9")
    assert code == 3, (out, err)


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


@pytest.mark.needs_data
def test_a_folder_that_encrypt_wrote_is_condemned_with_every_hint_taken_away(
    real_data: Path, tmp_path: Path, run: Any
) -> None:
    del real_data
    pictures = read_pictures("cifar100", most=160).images
    write(tmp_path / "plain", pictures)
    write_key(tmp_path / "k", KEY)
    with pytest.raises(SystemExit) as left:
        main(["encrypt", str(tmp_path / "plain"), str(tmp_path / "c"), "--key", str(tmp_path / "k"),
              "--scheme", "logistic-xor/1"])  # fmt: skip
    assert not left.value.code
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in (tmp_path / "c").glob("*.png"):
        Image.fromarray(np.asarray(Image.open(file))).save(bare / file.name)  # without imveil.json and chunks
    code, out, err = run(bare, "--fail-above", "0.9", "--budget", "60")
    assert code == 3, (out, err)
    assert "many-time pad" in err

"""The audit of a folder: no key, no scheme named, and no wrong verdict, whatever lies in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from PIL import Image

import imveil
from auditing import PICTURES, few_attacks, few_steps, run, write
from imveil.audit.folder_campaign import Folder, audit_folder, read_folder
from imveil.audit.identify import PLAIN, RANDOM, looks_like, whole
from imveil.audit.leaks import total_variation
from imveil.audit.pictures import read_pictures
from imveil.audit.verdicts import as_json, sentence
from imveil.cli import main
from imveil.errors import BadShard, BadSource
from imveil.keys.files import write_key
from imveil.owner.encryption import encrypt_set
from scenes import scenes
from smooth import smooth_pictures

__all__ = ["few_attacks", "few_steps", "run"]  # fixtures
pytestmark = pytest.mark.usefixtures("few_attacks")
KEY = imveil.Key(bytes(range(32)))
NOISE = np.random.default_rng(3).integers(0, 256, (60, 16, 16, 3), np.uint8)


def encrypted(scheme: str, pictures: Any, **fields: Any) -> Any:
    return imveil.find(scheme, **fields).encrypt(pictures, KEY, [f"{i}" for i in range(len(pictures))]).images


def cipher_folder(tmp_path: Path, scheme: str, n: int = 240, channels: int = 3, **fields: Any) -> tuple[Path, Path]:
    pictures = smooth_pictures(n, side=16, channels=channels)
    return write(tmp_path / "ciphers", encrypted(scheme, pictures, **fields)), write(tmp_path / "truth", pictures)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_fixed_sequence_is_condemned_without_a_word_about_it(tmp_path: Path, channels: int) -> None:
    ciphers, truth = cipher_folder(tmp_path, "aes-xor/1", 140, channels)
    found = audit_folder(read_folder(ciphers), budget=60, seeds=2)
    assert found.condemned(0.8), sentence(found)
    assert found.best is not None
    assert found.best.spread[2] == 2
    assert "many-time pad" in found.resembles
    with_truth = audit_folder(read_folder(ciphers), truth=truth, budget=60, seeds=1)
    assert with_truth.condemned(0.8)
    assert with_truth.best is not None
    assert with_truth.best.control["recovery"] < 0.02


@pytest.mark.parametrize("scheme", ["shf/1", "le/1"])
def test_a_fixed_shuffle_is_open_with_no_scheme_told(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imveil.attacks.names", lambda: ["look", "second-order"])
    pictures = scenes(150, (48, 48, 3))[:, :24, :24]
    folder = read_folder(write(tmp_path / "c", encrypted(scheme, pictures)))
    found = audit_folder(folder, budget=60, seeds=1)
    best = next(one for one in found.findings if one.trial.attack.id == "second-order")
    assert best.low > 0.5, sentence(found)
    assert "one key for all" in found.resembles


def test_what_the_solver_says_stands_where_blocks_were_smooth_before() -> None:
    blocks = encrypted("etc/1", scenes(60), block=8)
    assert "left in place" in looks_like(blocks, {"second-order": (0.3, 20.0)})
    assert looks_like(blocks, {"second-order": (0.3, 20.0)}, "blocks moved, one key for all").startswith("blocks moved")


def cipher_set(place: Path, pictures: Any, scheme: str, **options: Any) -> Path:
    np.savez(place / "plain.npz", images=pictures, labels=np.arange(len(pictures)) % 2)
    encrypt_set(place / "plain.npz", place / "set", imveil.find(scheme), KEY, workers=1, **options)
    return place / "set"


@pytest.mark.parametrize(("scheme", "kind"), [("ffx/1", "uint16"), ("orthogonal/1", "float32")])
def test_cipher_images_that_are_no_bytes_are_attacked_too(
    scheme: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imveil.attacks.names", lambda: ["fold", "look", "second-order"])
    folder = read_folder(cipher_set(tmp_path, scenes(200, (48, 48, 3))[:, :24, :24], scheme))
    assert folder.raw.dtype == kind
    assert folder.images.dtype == np.uint8
    found = audit_folder(folder, budget=60, seeds=1)
    assert found.level == "open", sentence(found)
    assert any(kind in note for note in found.notes)
    assert {(one.attack, one.reason) for one in found.skipped} == {
        (name, f"reads bytes, these are {kind}") for name in ("fold", "look")
    }
    alone = read_folder(tmp_path / "set")
    rng = np.random.default_rng(0)
    noise = rng.choice(alone.raw.ravel(), alone.raw.shape)
    hidden = Folder(tmp_path, rng.integers(0, 256, noise.shape, np.uint8), alone.names, raw=noise)
    assert audit_folder(hidden, budget=60, seeds=1).level == "not enough was tried"


def test_a_data_set_in_another_container_is_read(tmp_path: Path) -> None:
    pictures = smooth_pictures(140, side=16)
    folder = read_folder(cipher_set(tmp_path, pictures, "aes-xor/1", container="npz"))
    assert (folder.images.shape, folder.raw) == (pictures.shape, None)
    assert audit_folder(folder, budget=60, seeds=1).condemned(0.8)
    shard = next(folder.path.glob("*.npz"))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(BadShard):
        read_folder(folder.path)


def flat_scans(n: int) -> Any:
    rng, scans = np.random.default_rng(3), np.zeros((n, 64, 64, 1), np.uint8)
    for scan in scans:
        for (y, x), (h, w) in rng.integers((0, 10), (40, 34), (3, 2, 2)).swapaxes(1, 2):
            scan[y : y + h, x : x + w] = rng.integers(60, 255)
    return scans


def test_what_smooths_anything_has_to_smooth_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("imveil.attacks.names", lambda: ["look", "unfold"])
    aes = Cipher(algorithms.AES(bytes([5] * 32)), modes.ECB()).encryptor()
    ecb = np.frombuffer(aes.update(flat_scans(60).tobytes()), np.uint8).reshape(60, 64, 64, 1)
    each = encrypted("negpos/1", scenes(60, (32, 32, 3)), per_image=True)
    levels = [
        audit_folder(read_folder(write(tmp_path / n, c)), budget=60, seeds=1).level
        for n, c in (("e", ecb), ("n", each))
    ]
    assert levels == ["partly open", "open"]


def test_random_bytes_are_acquitted(tmp_path: Path) -> None:
    ciphers, truth = cipher_folder(tmp_path, "aes-ctr-control/1", 60)
    found = audit_folder(read_folder(ciphers), budget=60, seeds=1)
    assert not found.condemned(0.02), as_json(found)["best"]
    assert found.level == "nothing found"
    assert found.resembles == RANDOM
    assert not audit_folder(read_folder(ciphers), truth=truth, budget=60, seeds=1).condemned(0.02)


@pytest.mark.parametrize("n", [4, 7, 20])
def test_a_few_random_images_are_not_condemned_by_chance(tmp_path: Path, n: int) -> None:
    for seed in range(5):
        some = np.random.default_rng(seed).integers(0, 256, (n, 16, 16, 3), np.uint8)
        found = audit_folder(read_folder(write(tmp_path / f"{seed}", some)), budget=30, seeds=1)
        assert not found.condemned(0.01), sentence(found)


@pytest.mark.parametrize("n", [4, 60])
def test_plain_pictures_are_told_as_such(tmp_path: Path, n: int) -> None:
    found = audit_folder(read_folder(write(tmp_path / "p", PICTURES[:n])), budget=30, seeds=1)
    assert found.resembles == PLAIN
    assert sentence(found).startswith("These pictures are not encrypted")
    assert found.condemned(0.3)


@pytest.mark.parametrize(
    ("scheme", "fields", "words"),
    [
        ("aes-ctr-control/1", {}, "random bytes"),
        ("diffuse/1", {}, "random bytes"),
        ("plain/1", {}, "not encrypted"),
        ("etc/1", {"block": 4}, "blocks of 4x4"),
        ("etc/1", {"block": 8}, "blocks of 8x8"),
        ("patch/1", {"block": 8, "pixels": False}, "blocks of 8x8"),
        ("le/1", {}, "not spread evenly"),
        ("pixel-shuffle/1", {}, "not spread evenly"),
        ("negpos/1", {}, "more alike than distant ones"),
    ],
)
def test_what_it_looks_like_before_any_attack(scheme: str, fields: dict[str, Any], words: str) -> None:
    assert words in looks_like(encrypted(scheme, scenes(60), **fields), {})


def test_what_attacks_add_to_that(tmp_path: Path) -> None:
    """Inversions under one key or under one for each image: what came out smoothest tells which."""
    for per_image, words in ((True, "inverted"), (False, "many-time pad")):
        cipher = write(tmp_path / words, encrypted("negpos/1", smooth_pictures(60), per_image=per_image))
        assert words in audit_folder(read_folder(cipher), budget=30, seeds=1).resembles


@pytest.mark.parametrize(
    ("scheme", "grade"), [("etc/1", "partly open"), ("le/1", "partly open"), ("pixel-shuffle/1", "partly open")]
)
def test_what_is_smooth_in_places_or_only_dark_is_not_called_pictures(scheme: str, grade: str, tmp_path: Path) -> None:
    found = audit_folder(read_folder(write(tmp_path / "c", encrypted(scheme, scenes(60)))), budget=30, seeds=1)
    assert found.level == grade
    assert "not encrypted" not in sentence(found)


def test_blocks_that_stand_out_are_pictures_where_the_attack_believes_in_them() -> None:
    rng = np.random.default_rng(0)
    pictures = scenes(40, (32, 32, 3), seed=2) // 2
    tints = np.kron(rng.integers(0, 120, (40, 4, 4, 1), np.uint8), np.ones((1, 8, 8, 3), np.uint8))
    assert not whole(pictures + tints)
    assert whole(pictures + tints, believed=True)
    assert not whole(rng.integers(0, 256, (40, 32, 32, 3), np.uint8), believed=True)


def test_dark_noise_is_not_taken_for_pictures() -> None:
    """Random bytes with their top bits gone vary less than random bytes, and are no pictures."""
    assert looks_like(NOISE >> 3, {"look": (1.0, 9.0)}) != PLAIN
    assert looks_like(PICTURES[:60], {"look": (1.0, 9.0)}) == PLAIN
    assert looks_like(NOISE, {}) == RANDOM


def test_folders_that_say_little(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(BadSource, match="holds no pictures"):
        read_folder(tmp_path / "none")
    with pytest.raises(BadSource, match="3 pictures of one size, at least 4"):
        read_folder(write(tmp_path / "three", PICTURES[:3]))
    with pytest.raises(BadSource, match="is none"):
        read_folder(tmp_path / "absent")
    mixed = write(tmp_path / "mixed", PICTURES[:8])
    write(mixed, smooth_pictures(3, side=24), "small{}.png")
    write(mixed, smooth_pictures(2, side=16, channels=1), "grey{}.png")
    (mixed / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    read = read_folder(mixed)
    assert read.images.shape == (8, 16, 16, 3)
    assert "One file could not be read" in read.notes[0]
    assert read.notes[1] == "Sizes are mixed: the 8 of 16x16x3 were taken, 5 others were not."
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"no picture")
    with pytest.raises(BadSource, match="none of the 1 pictures"):
        read_folder(tmp_path / "bad")


def test_pictures_of_one_colour_with_alpha_or_of_one_pixel_are_no_traceback(tmp_path: Path, run: Any) -> None:
    for name, shape in (("alpha", (8, 9, 4)), ("line", (1, 12, 3)), ("dot", (1, 1, 1))):
        noise = np.random.default_rng(1).integers(0, 256, (9, *shape), np.uint8)
        code, out, err = run(write(tmp_path / name, noise), "--budget", "20", "--fail-above", "0.1")
        assert code == 0, (name, out, err)
    flat = np.full((9, 8, 8, 3), 7, np.uint8)
    code, out, err = run(write(tmp_path / "flat", flat), "--budget", "20")
    assert code == 0, err


def test_bad_folders_are_a_line_on_the_command_line(tmp_path: Path, run: Any) -> None:
    code, out, err = run(write(tmp_path / "three", PICTURES[:3]))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "at least 4 are needed" in err


def test_names_of_the_truth_pair_or_a_sentence_says_so(tmp_path: Path) -> None:
    folder = read_folder(write(tmp_path / "c", encrypted("aes-xor/1", PICTURES[:60])))
    with pytest.raises(BadSource, match="60 of 60 cipher images have no true picture"):
        audit_folder(folder, truth=write(tmp_path / "t", PICTURES[:60], "other{}.png"))
    with pytest.raises(BadSource, match="its cipher image is"):
        audit_folder(folder, truth=write(tmp_path / "u", smooth_pictures(60, side=24)))
    with pytest.raises(BadSource, match="is none"):
        audit_folder(folder, truth=tmp_path / "absent")
    found = audit_folder(folder, truth=write(tmp_path / "some", PICTURES[:40]), budget=30, seeds=1)
    assert found.condemned(0.8)
    assert any("20 of 60 cipher images have no true picture" in note for note in found.notes)


def test_public_pictures_let_more_attacks_play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    monkeypatch.setattr("imveil.attacks.names", lambda: ["look", "many-time-pad-public"])
    ciphers = write(tmp_path / "c", encrypted("aes-xor/1", PICTURES[:60]))
    public = write(tmp_path / "p", PICTURES[60:160])
    assert [one.attack for one in audit_folder(ciphers, budget=30, seeds=1).skipped] == ["many-time-pad-public"]
    found = audit_folder(ciphers, public=public, budget=30, seeds=1)
    assert found.condemned(0.8)
    assert found.best is not None
    assert found.best.trial.attack.id == "many-time-pad-public"
    other = write(tmp_path / "o", smooth_pictures(10, side=24))
    with pytest.raises(BadSource, match=r"16x16x3 were needed, as the cipher images are; those of .* are 24x24x3"):
        audit_folder(ciphers, public=other)
    code, out, err = run(ciphers, "--public", other)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    code, out, err = run("--scheme", "le/1", "--data", public, "--public", public)
    assert (code, out) == (2, "")
    assert "--public goes with a folder" in err


def test_total_variation_tells_pictures_from_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, PICTURES.shape, np.uint8)
    assert total_variation(PICTURES).max() < np.quantile(total_variation(noise), 0.01)


@pytest.mark.needs_data
def test_what_encrypt_wrote_is_condemned_with_every_hint_taken_away(real_data: Path, tmp_path: Path, run: Any) -> None:
    del real_data
    pictures = read_pictures("cifar100", most=120).images
    write(tmp_path / "plain", pictures)
    write_key(tmp_path / "k", KEY)
    with pytest.raises(SystemExit) as left:
        main(["encrypt", str(tmp_path / "plain"), str(tmp_path / "c"), "--key", str(tmp_path / "k"),
              "--scheme", "logistic-xor/1", "--keep-names"])  # fmt: skip
    assert not left.value.code
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in (tmp_path / "c").glob("*.png"):
        Image.fromarray(np.asarray(Image.open(file))).save(bare / file.name)  # without imveil.json and chunks
    assert not any(b"imVl" in file.read_bytes() for file in bare.iterdir())
    code, out, err = run(bare, "--fail-above", "0.9", "--budget", "60")
    assert code == 3, (out, err)
    assert "many-time pad" in err
    found = audit_folder(read_folder(bare), truth=tmp_path / "plain", budget=60, seeds=1)
    assert found.condemned(0.8), sentence(found)

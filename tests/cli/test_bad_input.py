"""Bad input through the command line: one line on standard error, exit code 2 (1: done in part), nothing written.

Most cases run `imveil.cli.main` in this process, which is all of the edge but the interpreter; a few of each kind run
as a process of their own.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import Key
from imveil.cli import main
from imveil.errors import BadDtype, BadShape
from imveil.keys.files import plain, write_key
from imveil.keys.wrap import Kdf, wrap
from imveil.owner.encryption import encrypt_set
from imveil.store import png
from imveil.store.manifest import Manifest, read_manifest, write_manifest
from made_source import tree

KEY, OTHER = Key(bytes(range(32))), Key(bytes(range(1, 33)))
ENCRYPT = "encrypt pictures c --key my.key --scheme negpos/1"
PICTURE = png.encode(np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a key, four pictures of two classes, and their cipher data set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMVEIL_DATA", str(tmp_path))
    for variable in ("IMVEIL_PASSPHRASE_FILE", "IMVEIL_READABLE_KEYS", "IMVEIL_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    write_key("my.key", KEY)
    write_key("other.key", OTHER)
    for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE)
    encrypt_set("pictures", "ciphers", imveil.find("negpos/1"), KEY)
    return tmp_path


class Refused:
    """Runs a command and holds it to the promise."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.capfd = capfd

    def __call__(self, command: str | list[str], *said: str, code: int = 2, lines: int = 1) -> str:
        words = command.split() if isinstance(command, str) else command
        before = tree(Path())
        self.capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main(words)
        out, err = self.capfd.readouterr()
        check(end.value.code, out, err, code, lines, said)
        assert tree(Path()) == before, "something was written"
        return err


def check(code: object, out: str, err: str, want: int, lines: int, said: tuple[str, ...]) -> None:
    assert (code, out) == (want, ""), err
    assert err.count("\n") == lines, err
    assert all(line.startswith("imveil: ") for line in err.splitlines()), err
    assert "Traceback" not in err
    assert "internal error" not in err
    for text in said:
        assert text in err


@pytest.fixture
def refused(here: Path, capfd: pytest.CaptureFixture[str]) -> Refused:
    del here
    return Refused(capfd)


def as_a_process(command: str, *said: str, code: int = 2, lines: int = 1) -> None:
    before = tree(Path())
    done = subprocess.run(
        [sys.executable, "-m", "imveil", *command.split()],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=60,
    )
    check(done.returncode, done.stdout, done.stderr, code, lines, said)
    assert tree(Path()) == before, "something was written"


# Keys.

LINE = plain(KEY).splitlines()[2]
KEY_FILES = {
    "missing": (None, "my.key cannot be read: No such file or directory"),
    "empty": (b"", "my.key is empty"),
    "foreign": (b"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n", "my.key is no key file of imveil"),
    "a picture": (PICTURE, "my.key is no key file of imveil"),
    "truncated": (plain(KEY)[:-9].encode(), "my.key is cut off or mistyped"),
    "without its last line": (plain(KEY)[:-65].encode(), "my.key is cut off or altered"),
    "mistyped": (plain(KEY).replace(LINE[:8], "b" + LINE[1:8]).encode(), "my.key is cut off or mistyped"),
    "of the future": (b"imveil-key-2\n", "my.key is of version 2"),
    "endless": (b"#" * 70_000, "more than 65536 bytes"),
}


@pytest.mark.parametrize("command", [ENCRYPT, "decrypt ciphers p --key my.key", "key passwd my.key"])
@pytest.mark.parametrize("kind", KEY_FILES)
def test_key_files(refused: Refused, command: str, kind: str) -> None:
    data, said = KEY_FILES[kind]
    Path("my.key").unlink()
    if data is not None:
        Path("my.key").touch(0o600)
        Path("my.key").write_bytes(data)
    err = refused(command, said)
    assert LINE[:8] not in err


def test_a_key_file_that_cannot_be_read(refused: Refused) -> None:
    refused("decrypt ciphers p --key pictures", "pictures cannot be read: Is a directory")
    if os.geteuid():
        Path("my.key").chmod(0)
        refused(ENCRYPT, "my.key cannot be read: Permission denied")


def test_a_key_file_that_others_may_read(refused: Refused) -> None:
    Path("my.key").chmod(0o644)
    refused(ENCRYPT, "my.key is open to others than you (mode 0644)", "IMVEIL_READABLE_KEYS=1")


def test_the_wrong_passphrase(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("my.key").write_text(wrap(KEY, lambda: "right", Kdf("argon2id", (32, 1, 1))))
    for name, words in (("words", "wrong horse"), ("none", "")):
        Path(name).touch(0o600)
        Path(name).write_text(words)
    monkeypatch.setenv("IMVEIL_PASSPHRASE_FILE", "words")
    assert "horse" not in refused(ENCRYPT, "my.key does not open with this passphrase")
    monkeypatch.setenv("IMVEIL_PASSPHRASE_FILE", "none")
    refused(ENCRYPT, "a passphrase file holds one line")
    monkeypatch.delenv("IMVEIL_PASSPHRASE_FILE")
    as_a_process(ENCRYPT, "there is no terminal to ask at", "IMVEIL_PASSPHRASE_FILE")


def test_the_wrong_key_is_told_with_both_fingerprints(refused: Refused) -> None:
    both = (KEY.fingerprint, OTHER.fingerprint)
    refused("decrypt ciphers p --key other.key", "ciphers was encrypted under key", *both)
    file = min(Path("ciphers").rglob("*.png"))
    refused(f"decrypt {file} p.png --key other.key", str(file), *both)
    refused("encrypt pictures ciphers --key other.key --scheme negpos/1", "holds a data set that is of key", *both)


def test_a_key_as_an_argument(refused: Refused) -> None:
    assert LINE[:8] not in refused(f"decrypt ciphers p --key {LINE}", "a key itself came")


def test_other_places_of_keys(refused: Refused) -> None:
    refused("decrypt ciphers p --key env:NO_SUCH", "the variable NO_SUCH was needed to name a key file")
    refused("decrypt ciphers p --key fd:x", "fd:N needs the number of an open descriptor")
    refused("decrypt ciphers p --key fd:77", "fd:77 cannot be read")


def test_keygen(refused: Refused) -> None:
    refused("keygen my.key", "my.key exists already", "--force")
    refused("keygen none/my.key", "none/my.key cannot be written: No such file or directory")
    refused("keygen pictures", "pictures exists already")
    refused("keygen pictures --force", "pictures cannot be written: Is a directory")


def test_keys_as_processes(here: Path) -> None:
    Path("my.key").write_bytes(b"")
    as_a_process(ENCRYPT, "my.key is empty")
    as_a_process("decrypt ciphers p --key other.key", KEY.fingerprint, OTHER.fingerprint)
    assert here


# Schemes.


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("negpo/1", ["no scheme is called 'negpo/1'", "negpos/1"]),
        ("negpos", ["no scheme is called 'negpos'", "negpos/1"]),
        ("", ["no scheme is called ''"]),
        ("../../etc/passwd", ["no scheme"]),
        ("negpos/1 --set colour=no", ["negpos/1 has no field 'colour'", "its fields are: "]),
        ("negpos/1 --set per_image=maybe", ["per_image of negpos/1 is bool, not 'maybe'"]),
        ("negpos/1 --set per_image", ["--set needs field=value, got 'per_image'"]),
        ("negpos/1 --set per_image=1 --set per_image=0", ["field 'per_image' is set twice"]),
        ("logistic-xor/1 --set quantiser=floor", ["quantiser of logistic-xor/1 is one of mantissa, floor256"]),
        ("logistic-xor/1 --set burn_in=-1", ["burn_in of logistic-xor/1 lies in 0..1000000, not -1"]),
        ("etc/1 --set block=0", ["block of etc/1 is"]),
    ],
)
def test_schemes(refused: Refused, scheme: str, said: list[str]) -> None:
    words = ["encrypt", "pictures", "c", "--key", "my.key", "--scheme"]
    refused([*words, *(scheme.split() or [""])], *said)


@pytest.mark.parametrize(
    "option", ["--seal", "--copies 3", "--engine ray", "--keep-names", "--container npz", "--hide-labels", "--strict"]
)
def test_options_of_data_sets_and_one_picture(refused: Refused, option: str) -> None:
    words = f"encrypt pictures/cat/1.png c.png --key my.key --scheme negpos/1 {option}"
    refused(words, f"{option.split()[0]} is for data sets, and this is one picture")


def test_sets_that_are_sealed_or_elsewhere(refused: Refused) -> None:
    Path("sealed").mkdir()
    Path("sealed/imveil.sealed").touch()
    for command in ("decrypt {} p --key my.key", "rekey {} n --from my.key --to other.key", "train {} m.safetensors"):
        refused(command.format("sealed"), "sealed is sealed; open it first: imveil unseal sealed")
        refused(command.format("file:///no/where"), "no/where is ")
    refused("verify nowhere --key my.key", "nowhere is no cipher data set: there is no such folder")
    refused("verify pictures --key my.key", "pictures is no cipher data set: it has no imveil.json")


def test_schemes_whose_ciphers_are_no_bytes(refused: Refused) -> None:
    wide = [id for id in imveil.schemes.names() if imveil.find(id).traits.dtype != "uint8"]
    for id in wide:
        said = f"cipher images of {id} are {imveil.find(id).traits.dtype}, a PNG holds uint8 only; store them as .npz"
        refused(f"encrypt pictures c --key my.key --scheme {id} --container folder", said)
        refused(f"encrypt pictures/cat/1.png c.png --key my.key --scheme {id}", said)
    assert wide


def test_containers(refused: Refused) -> None:
    refused(f"{ENCRYPT} --container parquett", "no container is called 'parquett'")
    write_manifest(Path("ciphers"), read_manifest(Path("ciphers")).model_copy(update={"container": "tape"}))
    assert "says container 'tape', its owner wrote 'folder'" in restored(refused.capfd, 4)
    refused("train ciphers m.safetensors", "the data set is stored as 'tape', this imveil reads")


def test_usage(refused: Refused) -> None:
    refused("encrypt pictures c --scheme negpos/1", "Missing option '--key'")
    refused("encrypt pictures c --key my.key", "--scheme was needed")
    refused("decrypt ciphers", "Missing argument 'DST'")
    refused("decrpyt ciphers p", "No such command 'decrpyt'")
    refused("encrypt pictures c --key my.key --scheme negpos/1 --workers 0", "--workers")
    refused("encrypt pictures c --kex my.key --scheme negpos/1", "No such option: --kex")


# Pictures.


def enormous() -> bytes:
    """A few hundred bytes that claim 40,000 x 40,000 pixels, and hold a good part of them."""
    head = b"\0\0\x9c\x40\0\0\x9c\x40\x08\0\0\0\0"
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(200_000))), (b"IEND", b"")]
    parts = [
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big") for kind, body in chunks
    ]
    return b"".join([png.SIGNATURE, *parts])


def animated(path: Path) -> bytes:
    frames = [Image.new("RGB", (8, 8), (100 * i, 0, 0)) for i in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    data = path.read_bytes()
    path.unlink()
    return data


def bad_pictures(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Name -> bytes, and what is said of them."""
    broken = bytearray(PICTURE)
    broken[60] ^= 1
    jpeg = folder / "x.jpg"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(jpeg)
    half = jpeg.read_bytes()
    jpeg.unlink()
    return {
        "broken.png": (bytes(broken), "a checksum does not fit"),
        "truncated.png": (PICTURE[:-30], "the picture is cut off"),
        "truncated.jpg": (half[: len(half) * 3 // 4], "the picture is broken: "),
        "empty.png": (b"", "the file is empty"),
        "text.png": (b"no picture at all", "this is no picture"),
        "enormous.png": (enormous(), "the picture has 40000x40000 pixels, at most"),
        "animated.gif": (animated(folder / "a.gif"), "3 frames, it is animated"),
        "animated.png": (animated(folder / "a.png"), "3 frames, it is animated"),
        "animated.webp": (animated(folder / "a.webp"), "3 frames, it is animated"),
        "pages.tiff": (animated(folder / "a.tiff"), "3 pages"),
    }


def test_single_pictures(refused: Refused, here: Path) -> None:
    for name, (data, said) in bad_pictures(here).items():
        (here / name).write_bytes(data)
        refused(f"encrypt {name} c.png --key my.key --scheme negpos/1", name, said)


def test_a_folder_with_bad_pictures_among_good_ones(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """They are listed, the others are encrypted, the exit code is 1; and the same once more."""
    bad = bad_pictures(here)
    for name, (data, _) in bad.items():
        (here / "pictures" / "dog" / name).write_bytes(data)
    for _ in range(2):
        with pytest.raises(SystemExit) as end:
            main(ENCRYPT.split())
        out, err = capfd.readouterr()
        assert end.value.code == 1
        assert "4 pictures encrypted" in out
        for name, (_, said) in bad.items():
            [line] = [line for line in err.splitlines() if f"dog/{name}: " in line]
            assert said in line
        assert err.splitlines()[-1] == "imveil: 10 pictures were left out; see c/rejected.jsonl"
        assert len(err.splitlines()) == 12  # and what is known of the scheme
        assert "Traceback" not in err
        assert len(list(Path("c").rglob("*.png"))) == 4
    with pytest.raises(SystemExit) as end:
        main(["decrypt", "c", "p", "--key", "my.key"])
    assert (end.value.code, len(tree(Path("p")))) == (0, 4)


def test_a_folder_of_bad_pictures_only(refused: Refused, here: Path) -> None:
    shutil.rmtree("pictures")
    for name, (data, _) in bad_pictures(here).items():
        Path("pictures").mkdir(exist_ok=True)
        Path("pictures", name).write_bytes(data)
    refused(ENCRYPT, "0 classes: ", "none of the 10 pictures could be encrypted; the first: ", lines=2)


def test_sources(refused: Refused) -> None:
    refused("encrypt none c --key my.key --scheme negpos/1", "none is not there", "cifar10")
    Path("nothing").mkdir()
    refused("encrypt nothing c --key my.key --scheme negpos/1", "nothing holds no pictures")
    refused("encrypt ciphers c --key my.key --scheme negpos/1", "ciphers is a cipher data set already")
    refused("decrypt pictures p --key my.key", "pictures is no cipher data set: it has no imveil.json")
    refused("decrypt none p --key my.key", "none is no cipher data set: there is no such folder")
    refused("decrypt pictures/cat/1.png p.png --key my.key", "1.png has no chunk imVl")
    refused("decrypt my.key p.png --key my.key", "my.key: this is no PNG file")


def test_pictures_as_processes(here: Path) -> None:
    Path("bomb.png").write_bytes(enormous())
    as_a_process("encrypt bomb.png c.png --key my.key --scheme negpos/1", "40000x40000 pixels")
    as_a_process("decrypt bomb.png c.png --key my.key", "40000x40000 pixels")
    assert here


# Arrays.


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((4, 8, 8, 3)), "holds float64, pictures are uint8"),
        (np.zeros((8, 8), np.uint8), "is (8, 8), (n, h, w) or (n, h, w, c) with 1 to 4 channels is read"),
        (np.zeros((4, 3, 8, 8), np.uint8), "is (4, 3, 8, 8): volumes, or pictures of more than 4 channels"),
        (np.array([None]), "holds object"),
    ],
)
def test_arrays_in_files(refused: Refused, images: np.ndarray, said: str) -> None:
    np.savez("x.npz", images=images)
    refused("encrypt x.npz c --key my.key --scheme negpos/1", said)


def test_a_file_of_arrays_that_is_none(refused: Refused) -> None:
    Path("x.npz").write_bytes(b"PK\x03\x04nothing")
    refused("encrypt x.npz c --key my.key --scheme negpos/1", "x.npz is no .npz file that can be read")


def test_arrays_from_python() -> None:
    scheme = imveil.find("negpos/1")
    with pytest.raises(BadDtype, match="images are uint8, got float32"):
        scheme.encrypt(np.zeros((2, 8, 8, 3), np.float32), KEY)
    for shape in ((8, 8, 3), (8, 8), (2, 0, 8, 3), (1, 2, 8, 8, 3)):
        with pytest.raises(BadShape):
            scheme.encrypt(np.zeros(shape, np.uint8), KEY)


# Destinations.


def test_destinations(refused: Refused) -> None:
    Path("full").mkdir()
    Path("full", "thesis.tex").write_text("years")
    for command in (ENCRYPT.replace(" c ", " {} "), "decrypt ciphers {} --key my.key"):
        refused(command.format("full"), "full is not empty: it holds 'thesis.tex'")
        refused(command.format("my.key"), "my.key cannot be used as a folder")
        refused(command.format("my.key/deeper"), "my.key/deeper cannot be used as a folder")
    refused("encrypt pictures pictures/c --key my.key --scheme negpos/1", "lie in one another")
    refused("decrypt ciphers ciphers --key my.key", "lie in one another")
    refused("encrypt pictures ciphers --key my.key --scheme aes-xor/1", "is of scheme negpos/1, this run has scheme")
    refused("encrypt pictures/cat/1.png my.key --key my.key --scheme negpos/1", "my.key exists already")
    refused("encrypt pictures/cat/1.png x.jpg --key my.key --scheme negpos/1", "negpos/1 do not survive JPEG; etc/1")
    refused("encrypt pictures/cat/1.png x.bmp --key my.key --scheme negpos/1", "not x.bmp")
    refused("encrypt pictures/cat/1.png no/x.png --key my.key --scheme negpos/1", "no is no folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_destination_without_the_right_to_write(refused: Refused) -> None:
    Path("locked").mkdir(0o555)
    refused(ENCRYPT.replace(" c ", " locked/c "), "locked/c cannot be used as a folder: Permission denied")


@pytest.fixture
def small_disk(here: Path) -> Iterator[Path]:
    """A file system of 64 KiB of our own, where we may make one."""
    place = here / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "imveil-test", place], capture_output=True)
    if not made or made.returncode:
        pytest.skip("this user may not mount a file system")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk(small_disk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is left half written, and with more space the same command goes on to the same bytes."""
    rng = np.random.default_rng(1)
    for i in range(40):
        Path("pictures", "cat", f"r{i}.png").write_bytes(png.encode(rng.integers(0, 256, (32, 32, 3), np.uint8)))
    command = ENCRYPT.replace(" c ", f" {small_disk}/c ")
    with pytest.raises(SystemExit) as end:
        main(command.split())
    out, err = capfd.readouterr()
    check(end.value.code, out, err, 2, 1, ("no space is left for", "run the same command again to go on"))
    left = tree(small_disk)
    assert not [name for name in left if name.endswith(".part") or name.endswith("imveil.json")]
    for name, data in left.items():
        if name.endswith(".png"):
            png.decode(data)
    with pytest.raises(SystemExit) as end:
        main(["keygen", f"{small_disk}/my.key"])
    out, err = capfd.readouterr()
    check(end.value.code, out, err, 2, 1, ("my.key cannot be written: No space left on device",))
    assert tree(small_disk) == left
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    with pytest.raises(SystemExit) as end:
        main(command.split())
    assert end.value.code == 0
    encrypt_set("pictures", "whole", imveil.find("negpos/1"), KEY)
    assert tree(small_disk / "c") == tree(Path("whole"))


def test_a_file_that_grows_too_large(here: Path) -> None:
    """The limit of the shell, `ulimit -f`, in place of a full disk where none can be had."""
    Path("pictures/cat/large.png").write_bytes(png.encode(np.zeros((64, 64, 3), np.uint8)))
    done = subprocess.run(
        [sys.executable, "-m", "imveil", *ENCRYPT.split()],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    check(done.returncode, done.stdout, done.stderr, 2, 1, ("cannot be written: File too large",))
    assert not [name for name in tree(here / "c") if name.endswith((".part", "imveil.json"))]


# Cipher data sets.


def test_a_manifest_with_a_changed_byte(refused: Refused) -> None:
    """Whoever has the key needs no manifest of the cloud's: the owner's own is sealed in the set."""
    file = Path("ciphers/imveil.json")
    data = file.read_bytes()
    texts = [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(0, len(data), len(data) // 12)]
    for text in [*texts, data.replace(b'"count": 4', b'"count": 5', 1), data[: len(data) // 2], b""]:
        file.write_bytes(text)
        err = restored(refused.capfd, 4)
        assert "ciphers/imveil.json" in err
        refused("verify ciphers", "ciphers/imveil.json")


def restored(capfd: pytest.CaptureFixture[str], pictures: int) -> str:
    """Decrypt the set: so many pictures come back, the exit code is 1, and what is wrong is said."""
    with pytest.raises(SystemExit) as end:
        main(["decrypt", "ciphers", "p", "--key", "my.key"])
    out, err = capfd.readouterr()
    assert (end.value.code, out.split()[:3]) == (1, [str(pictures), "pictures", "decrypted"]), err
    assert all(line.startswith("imveil: ") for line in err.splitlines())
    assert len(tree(Path("p"))) == pictures
    shutil.rmtree("p")
    return err


def test_a_manifest_of_another_version(refused: Refused) -> None:
    later = read_manifest(Path("ciphers")).model_copy(update={"version": 3})
    Path("ciphers/imveil.json").write_bytes(Manifest.to_bytes(later))
    restored(refused.capfd, 4)
    refused("verify ciphers", "must be imveil-set version 1 or 2, it is 'imveil-set' version 3")
    refused(ENCRYPT.replace(" c ", " ciphers "), "version 3")


def test_a_scheme_that_its_owner_did_not_take(refused: Refused) -> None:
    manifest = read_manifest(Path("ciphers"))
    for update, said in (({"scheme": "negpos/2"}, "says scheme 'negpos/2'"), ({"fields": {"strength": 3}}, "fields")):
        write_manifest(Path("ciphers"), manifest.model_copy(update=update))
        assert said in restored(refused.capfd, 4)


def test_a_missing_cipher_image_withholds_no_other(refused: Refused) -> None:
    path = min(Path("ciphers").rglob("*.png"))
    path.unlink()
    assert f"{path} cannot be read: No such file or directory" in restored(refused.capfd, 3)


def test_missing_names(refused: Refused) -> None:
    Path("ciphers/imveil.names").unlink()
    refused("decrypt ciphers p --key my.key", "ciphers/imveil.names cannot be read: No such file or directory")


def test_a_changed_cipher_image_is_left_out(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = min(Path("ciphers").rglob("*.png"))
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)
    with pytest.raises(SystemExit) as end:
        main(["decrypt", "ciphers", "p", "--key", "my.key"])
    out, err = capfd.readouterr()
    assert end.value.code == 1
    assert "3 pictures decrypted" in out
    assert f"{file} was altered: its SHA-256 should be" in err
    assert err.splitlines()[-1].startswith("imveil: 1 picture was left out; ask for these again")
    assert len(tree(here / "p")) == 3


@pytest.mark.parametrize("what", ["shard", "changed", "version", "foreign"])
def test_the_cloud_refuses_them_too(refused: Refused, what: str) -> None:
    pytest.importorskip("torch")
    file = Path("ciphers/imveil.json")
    if what == "shard":
        Path("ciphers/imveil-shard-00000.sha256").unlink()
    elif what == "changed":
        file.write_bytes(file.read_bytes().replace(b'"cat"', b'"cow"'))
    elif what == "version":
        file.write_bytes(Manifest.to_bytes(read_manifest(Path("ciphers")).model_copy(update={"version": 3})))
    else:
        file.write_bytes(b"{}")
    said = {"shard": "cannot be read", "changed": "was altered", "version": "version 3", "foreign": "no manifest"}
    refused("train ciphers m.safetensors", said[what])


def test_data_sets_as_processes(here: Path) -> None:
    Path("ciphers/imveil.json").write_bytes(b"{")
    as_a_process("verify ciphers", "is no manifest of imveil")
    as_a_process("encrypt pictures ciphers --key my.key --scheme negpos/1", "ciphers holds a broken data set")
    assert here

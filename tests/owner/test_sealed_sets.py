"""Sealed files and sets: what was sealed comes back byte for byte, and nothing that was changed is taken."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imveil
from imveil import Key
from imveil.errors import BadDestination, BadManifest, BadShard, ImveilError, StoreProblem, WrongKey
from imveil.keys.files import write_key
from imveil.owner.encryption import encrypt_set
from imveil.owner.sealed_sets import SealShard, UnsealShard, check_sealed, seal_set, unseal_set
from imveil.owner.shards.sealed_file import CHUNK, HEAD_SIZE, TAG, SealedReader, SealedWriter
from made_source import made, tree
from reference import formats
from terminal import imveil_run

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))
SPEC = Path(__file__).parents[2] / "vectors" / "spec"
VECTORS = [
    (version, vector)
    for version, name in ((1, "sealed.json"), (2, "sealed-2.json"))
    for vector in json.loads((SPEC / name).read_text())
]
SIZES = st.one_of(
    st.integers(0, 300), st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK])
)


def sealed(data: bytes, purpose: str = "a test", key: Key = KEY) -> bytes:
    out = io.BytesIO()
    with SealedWriter(out, key, purpose) as file:
        file.write(data)
    return out.getvalue()


def opened(data: bytes, purpose: str = "a test", key: Key = KEY) -> bytes:
    return SealedReader(io.BytesIO(data), key, purpose, "the file").read()


def content(size: int) -> bytes:
    return hashlib.shake_256(b"%d" % size).digest(size)


@settings(max_examples=25)
@given(SIZES, st.lists(st.integers(1, CHUNK), max_size=5))
def test_what_was_sealed_comes_back(size: int, cuts: list[int]) -> None:
    data, out, at = content(size), io.BytesIO(), 0
    with SealedWriter(out, KEY, "a test") as file:
        for cut in [*cuts, size]:
            assert file.write(data[at : at + cut]) == len(data[at : at + cut])
            at += cut
    whole = out.getvalue()
    assert opened(whole) == data
    assert formats.open_stream(whole, KEY.reveal(), "a test") == data
    assert len(whole) == HEAD_SIZE + size + TAG * max(1, -(-size // CHUNK))


@pytest.mark.parametrize(("version", "vector"), VECTORS, ids=lambda v: str(v["size"] if isinstance(v, dict) else v))
def test_vectors(version: int, vector: dict) -> None:
    key, out = Key(bytes.fromhex(vector["key"])), io.BytesIO()
    with SealedWriter(out, key, vector["purpose"], salt=bytes.fromhex(vector["salt"]), version=version) as file:
        file.write(content(vector["size"]))
    assert hashlib.sha256(out.getvalue()).hexdigest() == vector["sha256"]
    assert vector.get("file", out.getvalue().hex()) == out.getvalue().hex()
    assert formats.open_stream(out.getvalue(), key.reveal(), vector["purpose"]) == content(vector["size"])


@settings(max_examples=40)
@given(st.integers(0, 3 * CHUNK + 10), st.integers(0, 70_000))
def test_reading_at_random_is_reading_a_part(start: int, length: int) -> None:
    reader = SealedReader(io.BytesIO(LONG), KEY, "a test", "the file")
    reader.seek(start)
    assert io.BufferedReader(reader, 4096).read(length) == content(3 * CHUNK + 5)[start : start + length]


LONG = sealed(content(3 * CHUNK + 5))


def test_only_the_chunks_that_are_read_are_opened() -> None:
    """So one altered chunk hides nothing of the others."""
    broken = bytearray(LONG)
    broken[HEAD_SIZE + CHUNK + TAG + 7] ^= 1
    reader = SealedReader(io.BytesIO(broken), KEY, "a test", "the file")
    reader.seek(2 * CHUNK)
    assert reader.read() == content(3 * CHUNK + 5)[2 * CHUNK :]
    reader.seek(CHUNK)
    with pytest.raises(BadShard, match="the file does not open at chunk 1 of 4"):
        reader.read(1)


@pytest.mark.parametrize("size", [0, 1, 40])
def test_every_changed_bit_is_refused(size: int) -> None:
    whole = sealed(content(size))
    for bit in range(8 * len(whole)):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ImveilError):
            opened(bytes(broken))


def test_changed_bits_of_a_long_file_are_refused() -> None:
    for bit in range(3, 8 * len(LONG), 8 * 397):
        broken = bytearray(LONG)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ImveilError):
            opened(bytes(broken))


def test_no_chunk_may_be_dropped_repeated_or_moved_and_no_end_cut_off() -> None:
    head, step = LONG[:HEAD_SIZE], CHUNK + TAG
    a, b, c, d = (LONG[HEAD_SIZE + i * step : HEAD_SIZE + (i + 1) * step] for i in range(4))
    wrong = [
        [b, a, c, d],
        [a, c, d],
        [a, b, b, c, d],
        [a, b, c],
        [a, b],
        [a],
        [],
        [d],
        [a, b, c, d, d],
        [a, b, c, d, b""],
    ]
    for chunks in wrong[:-1]:
        with pytest.raises(BadShard):
            opened(head + b"".join(chunks))
    assert opened(head + b"".join(wrong[-1])) == content(3 * CHUNK + 5)
    for end in [*range(0, HEAD_SIZE + 40), *range(HEAD_SIZE + 40, len(LONG), 1009)]:
        with pytest.raises(BadShard):
            opened(LONG[:end])
    for more in (b"\0", bytes(TAG), bytes(step)):
        with pytest.raises(BadShard):
            opened(LONG + more)
    other = sealed(content(3 * CHUNK + 5))  # the same bytes, sealed another time
    with pytest.raises(BadShard):
        opened(head + a + other[HEAD_SIZE + step : HEAD_SIZE + 2 * step] + c + d)


def test_another_key_and_another_purpose() -> None:
    with pytest.raises(WrongKey, match=f"sealed under key {KEY.fingerprint}, this is key {OTHER.fingerprint}"):
        opened(sealed(b"x"), key=OTHER)
    with pytest.raises(BadShard, match="or is another file than its name says"):
        opened(sealed(b"x"), "another")


@pytest.fixture(scope="module")
def ciphers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("sets")
    encrypt_set(made(40, shape=(60, 60, 3), broken=frozenset({7})), home / "folder", imveil.find("negpos/1"), KEY)
    encrypt_set(made(12), home / "npz", imveil.find("patch/1"), KEY, container="npz")
    # Small shards, so that there are several.
    with mock.patch("imveil.owner.encryption.SHARD", 8):
        encrypt_set(made(40), home / "shards", imveil.find("negpos/1"), KEY)
    for name in ("folder", "npz", "shards"):
        seal_set(home / name, home / f"{name}.sealed", OTHER)
    return {path.name: path for path in home.iterdir()}


@pytest.mark.parametrize("name", ["folder", "npz", "shards"])
def test_a_sealed_set_comes_back_byte_for_byte(ciphers: dict[str, Path], tmp_path: Path, name: str) -> None:
    home = ciphers[f"{name}.sealed"]
    inside = b"".join(tree(home).values())
    for told in (b"train", b"negpos", b"imveil-set", b"imveil-shard", KEY.fingerprint.encode()):
        assert told not in inside
    assert check_sealed(home, OTHER).wrong == []
    report = unseal_set(home, tmp_path / "back", OTHER)
    assert tree(tmp_path / "back") == tree(ciphers[name])
    assert not report.already
    assert unseal_set(home, tmp_path / "back", OTHER).already
    assert seal_set(ciphers[name], home, OTHER).already
    with pytest.raises(WrongKey):
        unseal_set(home, tmp_path / "other", KEY)


def test_a_shard_that_is_altered_dropped_exchanged_or_of_another_set_is_named(
    ciphers: dict[str, Path], tmp_path: Path
) -> None:
    home = tmp_path / "sealed"
    shutil.copytree(ciphers["shards.sealed"], home)
    one, two = home / "imveil-shard-00001.sealed", home / "imveil-shard-00002.sealed"
    kept = one.read_bytes()
    seal_set(ciphers["shards"], tmp_path / "again", OTHER)
    encrypt_set(made(40), tmp_path / "c2", imveil.find("negpos/1"), OTHER)
    seal_set(tmp_path / "c2", tmp_path / "s2", OTHER)
    for broken in (two.read_bytes(), kept[:-1], kept[: len(kept) // 2] + b"x" + kept[len(kept) // 2 + 1 :], b"", None,
                   (tmp_path / "s2" / "imveil-shard-00000.sealed").read_bytes()):  # fmt: skip
        if broken is None:
            one.unlink()
        else:
            one.write_bytes(broken)
        with pytest.raises(StoreProblem, match=r"imveil-shard-00001\.sealed"):
            unseal_set(home, tmp_path / "out", OTHER)
        assert not (tmp_path / "out" / "imveil.json").exists()
        wrong = check_sealed(home, OTHER).wrong
        assert len(wrong) == 1
        assert "imveil-shard-00001.sealed" in wrong[0]
    # The same shard of the same set, sealed another time, holds the same.
    one.write_bytes((tmp_path / "again" / "imveil-shard-00001.sealed").read_bytes())
    unseal_set(home, tmp_path / "out", OTHER)
    assert tree(tmp_path / "out") == tree(ciphers["shards"])
    (home / "more.sealed").write_bytes(kept)
    assert check_sealed(home, OTHER).wrong == [f"{home / 'more.sealed'} is no part of the data set"]


def test_an_interrupted_run_goes_on(ciphers: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "c"
    shutil.copytree(ciphers["shards"], source)

    def stopped(work: Any) -> Any:
        original, calls = work.__call__, []

        def call(self: Any, task: Any, stop: Any) -> Any:
            calls.append(task)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return original(self, task, stop)

        return call

    for work, place, run in (
        (SealShard, tmp_path / "s", lambda: seal_set(source, tmp_path / "s", OTHER, move=True, workers=1)),
        (UnsealShard, tmp_path / "back", lambda: unseal_set(tmp_path / "s", tmp_path / "back", OTHER, workers=1)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(work, "__call__", stopped(work))
            with pytest.raises(KeyboardInterrupt):
                run()
        whole = next(place.glob("imveil-shard-*"))
        begun = whole.with_name(f".{whole.name}.part")
        begun.touch()  # as a worker leaves it that is killed while another writes the same
        assert run().kept == 16
        assert not begun.exists()
    assert not source.exists()  # moved
    assert tree(tmp_path / "back") == tree(ciphers["shards"])


def test_places_that_will_not_do(ciphers: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match=r"has no imveil\.sealed"):
        unseal_set(ciphers["folder"], tmp_path / "out", OTHER)
    with pytest.raises(BadDestination, match="another sealed data set"):
        seal_set(ciphers["folder"], ciphers["npz.sealed"], OTHER)
    with pytest.raises(BadDestination, match="another data set"):
        unseal_set(ciphers["npz.sealed"], ciphers["folder"], OTHER)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(BadDestination, match="not empty"):
        seal_set(ciphers["folder"], tmp_path / "full", OTHER)
    shutil.copytree(ciphers["folder"], tmp_path / "altered")
    image = next((tmp_path / "altered").rglob("*.png"))
    image.write_bytes(image.read_bytes() + b"x")
    with pytest.raises(BadShard, match="was altered"):
        seal_set(tmp_path / "altered", tmp_path / "s", OTHER)


def test_at_the_command_line(tmp_path: Path) -> None:
    from PIL import Image

    for i in range(4):
        (tmp_path / "photos" / "cat").mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", (8, 8), content(192 + i)[:192]).save(tmp_path / "photos" / "cat" / f"{i}.png")
    write_key(tmp_path / "my.key", KEY)
    words = ["--key", "my.key", "--scheme", "negpos/1"]
    plain = imveil_run(tmp_path, "encrypt", "photos", "ciphers", *words)
    assert plain.returncode == 0, plain.stderr
    done = imveil_run(tmp_path, "encrypt", "photos", "sealed", *words, "--seal")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ciphers", "my.key", "photos", "sealed"]
    assert sorted(path.name for path in (tmp_path / "sealed").iterdir()) == [
        "imveil-shard-00000.sealed",
        "imveil.sealed",
    ]
    again = imveil_run(tmp_path, "encrypt", "photos", "sealed", *words, "--seal")
    assert (again.returncode, "holds a sealed data set already" in again.stderr) == (2, True)
    assert imveil_run(tmp_path, "unseal", "sealed", "back", "--key", "my.key").returncode == 0
    assert tree(tmp_path / "back") == tree(tmp_path / "ciphers")
    assert "4 pictures, as its owner wrote it" in imveil_run(tmp_path, "verify", "sealed", "--key", "my.key").stdout
    assert "4 pictures, as its owner wrote it" in imveil_run(tmp_path, "verify", "ciphers", "--key", "my.key").stdout
    assert "nothing proves who wrote them" in imveil_run(tmp_path, "verify", "ciphers").stdout
    (tmp_path / "sealed" / "imveil-shard-00000.sealed").unlink()
    wrong = imveil_run(tmp_path, "verify", "sealed", "--key", "my.key")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 2)
    assert imveil_run(tmp_path, "seal", "ciphers", "s2", "--key", "my.key", "--move").returncode == 0
    assert not (tmp_path / "ciphers").exists()

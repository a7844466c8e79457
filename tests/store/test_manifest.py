"""The manifest and the shard lists: what is written comes back, and every changed byte is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imveil.errors import BadManifest, BadShape, BadShard
from imveil.store import shards
from imveil.store.manifest import Manifest, Shard, read_manifest, write_manifest
from imveil.store.sets import open_set
from imveil.store.tag import Tag
from small_set import write_set

MANIFEST = Manifest(
    scheme="negpos/1",
    fields={"per_image": False, "rounds": 2, "r": 3.5, "mode": "a", "none": None},
    traits={"invertible": True, "channels": [1, 3]},
    fingerprint="k3xd-7q2a-9fz4-mmwp",
    classes=["cat", "dög"],
    splits={"train": 3, "test": 1},
    shards=[Shard(file=shards.file_name(0), count=4, bytes=400, sha256="0" * 64)],
)


def test_comes_back() -> None:
    data = MANIFEST.to_bytes()
    found = Manifest.from_bytes(data)
    assert found == MANIFEST.model_copy(update={"sha256": found.sha256})
    assert found.to_bytes() == data
    assert type(found.fields["per_image"]) is bool
    assert type(found.fields["rounds"]) is int
    assert found.count == 4


def test_the_digest_is_of_all_bytes_before_it() -> None:
    data = MANIFEST.to_bytes()
    said = json.loads(data)["sha256"]
    assert data.endswith(f'"sha256": "{said}"\n}}\n'.encode())
    assert said == hashlib.sha256(data[: -len(said) - 4]).hexdigest()


def test_every_changed_byte_is_refused() -> None:
    data = MANIFEST.to_bytes()
    for i in range(len(data)):
        for bit in range(8):
            with pytest.raises(BadManifest):
                Manifest.from_bytes(data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :])


def test_every_truncated_manifest_is_refused() -> None:
    data = MANIFEST.to_bytes()
    for i in range(len(data)):
        with pytest.raises(BadManifest):
            Manifest.from_bytes(data[:i])


def sealed(text: str) -> bytes:
    """Text of an object, without its last brace, with a digest that fits."""
    head = f'{text},\n "sha256": "'.encode()
    return head + hashlib.sha256(head).hexdigest().encode() + b'"\n}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"format": "imveil-set", "version": 3', "version 1 or 2, it is 'imveil-set' version 3"),
        ('{"format": "other", "version": 1', "it is 'other'"),
        ('{"format": "imveil-set", "version": 1', "malformed at"),
        ('{"format": "imveil-set", "version": 1, "version": 1', "no manifest"),
        ('{"version": 1', "no manifest"),
    ],
)
def test_other_manifests(text: str, says: str) -> None:
    with pytest.raises(BadManifest, match=says):
        Manifest.from_bytes(sealed(text))


def test_a_changed_value_says_both_digests() -> None:
    data = MANIFEST.to_bytes()
    with pytest.raises(BadManifest, match=r"should be [0-9a-f]{64}, it is [0-9a-f]{64}"):
        Manifest.from_bytes(data.replace(b'"train": 3', b'"train": 4'))


def test_counts_must_agree() -> None:
    with pytest.raises(BadManifest, match="counts 5"):
        Manifest.from_bytes(MANIFEST.model_copy(update={"splits": {"train": 5}}).to_bytes())


@given(st.binary(max_size=300))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadManifest):
        Manifest.from_bytes(data)


def test_a_folder_without_one(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match=r"no imveil\.json"):
        read_manifest(tmp_path)
    with pytest.raises(BadManifest, match="no such folder"):
        read_manifest(tmp_path / "nowhere")


FILE_NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8) | (
    # What Linux allows beside that: any bytes, which Python shows with lone surrogates of its own.
    st.binary(min_size=1, max_size=8)
    .map(lambda name: name.replace(b"/", b"_").replace(b"\0", b"_"))
    .map(lambda name: name.decode("utf-8", "surrogateescape"))
)


@given(st.lists(FILE_NAMES, max_size=5))
def test_lists_come_back(names: list[str]) -> None:
    lines = [shards.Line(f"a/{name}.png", f"{i:064x}") for i, name in enumerate(names)]
    assert shards.parse(shards.dump(lines), "list") == lines


def test_lists_are_what_sha256sum_checks(tmp_path: Path) -> None:
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("there is no sha256sum")
    lines = []
    for name in ["a.png", "b c.png", "back\\slash.png", "line\nbreak.png", "ünï.png"]:
        (tmp_path / name).write_bytes(name.encode())
        lines.append(shards.Line(name, hashlib.sha256(name.encode()).hexdigest()))
    (tmp_path / "list").write_bytes(shards.dump(lines))
    subprocess.run([tool, "-c", "--strict", "--quiet", "list"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.png", "a/../x.png", "a//b.png", "./a.png", "a\0b"])
def test_paths_that_lead_astray(path: str) -> None:
    with pytest.raises(BadShard, match="leads astray in line 1"):
        shards.parse(f"{'0' * 64}  {path}\n".encode(), "list")


def test_malformed_lists() -> None:
    for data in (b"0  a\n", b"\n", b"g" * 64 + b"  a\n", b"0" * 64 + b" a\n"):
        with pytest.raises(BadShard, match="line 1"):
            shards.parse(data, "list")
    with pytest.raises(BadShard, match="cut off"):
        shards.parse(b"0" * 64 + b"  a", "list")


def test_load(tmp_path: Path) -> None:
    found = open_set(write_set(tmp_path))
    found.verify()
    train, test = found.load("train"), found.load("test")
    assert train.images[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert train.labels.tolist() == [0, 1, 0]
    assert train.names == ["train/cat/0.png", "train/dog/1.png", "train/cat/2.png"]
    assert test.labels.tolist() == [1]
    assert test.tags == [Tag("plain/1", {}, "f")]
    with pytest.raises(BadManifest, match="no split 'valid', it has train, test"):
        found.load("valid")


def test_sizes_that_differ(tmp_path: Path) -> None:
    found = open_set(write_set(tmp_path, [(4, 4), (4, 4), (4, 5), (4, 4)]))
    found.verify()
    with pytest.raises(BadShape, match=r"0\.png is 4x4x3 \(height x width x channels\), train/cat/2\.png is 4x5x3"):
        found.load("train")


def broken(folder: Path, path: str, what: str) -> None:
    file = folder / path
    data = file.read_bytes()
    if what == "missing":
        file.unlink()
    elif what == "altered":
        file.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    else:
        file.write_bytes(data[:-1])


@pytest.mark.parametrize("what", ["missing", "altered", "short"])
@pytest.mark.parametrize("path", ["train/cat/0.png", shards.file_name(0)])
def test_broken_sets(tmp_path: Path, path: str, what: str) -> None:
    write_set(tmp_path)
    broken(tmp_path, path, what)
    found = open_set(tmp_path)
    for use in (found.verify, lambda: found.load("train")):
        with pytest.raises(BadShard, match=path.rpartition("/")[2].replace(".", r"\.")):
            use()
    if what != "altered" or path != "train/cat/0.png":  # the quick look reads no images
        with pytest.raises(BadShard):
            found.check_present()


def test_images_of_no_class_or_split(tmp_path: Path) -> None:
    write_set(tmp_path)
    manifest = read_manifest(tmp_path)
    write_manifest(tmp_path, manifest.model_copy(update={"classes": ["cat", "cow"]}))
    with pytest.raises(BadShard, match=r"train/dog/1\.png lies in no class"):
        open_set(tmp_path).load("train")
    write_manifest(tmp_path, manifest.model_copy(update={"splits": {"train": 3, "valid": 1}}))
    with pytest.raises(BadShard, match=r"test/dog/3\.png lies in no split"):
        open_set(tmp_path).load("valid")

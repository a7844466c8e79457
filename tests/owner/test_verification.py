"""Verify: a cloud that alters pictures and makes every digest fit is found out, and the pictures are named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

import imveil
from imveil import Key, registry
from imveil.errors import BadManifest, BadShard, WrongKey
from imveil.owner.decryption import decrypt_set, read_table
from imveil.owner.encryption import encrypt_set
from imveil.owner.shards.proof import differences
from imveil.owner.shards.sealing import unseal
from imveil.owner.verification import verify_set
from imveil.store import png, shards
from imveil.store.containers import base
from imveil.store.manifest import Manifest, read_manifest, write_manifest
from imveil.store.sets import open_set
from made_source import made

KEY = Key(bytes(range(32)))
COUNT, EACH = 40, 8
CONTAINERS = [name for name in registry.files(base.PACKAGE) if not base.find(name).lossy]
EVERY_BIT = 2000  # bytes; of a larger file one bit of every byte is changed, each time another one


@pytest.fixture(scope="module")
def made_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sets")
    with mock.patch("imveil.owner.encryption.SHARD", EACH):
        for name, scheme in (*((name, "negpos/1") for name in CONTAINERS), ("lossy", "negpos-inplace/1")):
            store = "folder" if name == "lossy" else name
            encrypt_set(made(COUNT, broken=frozenset({5})), home / name, imveil.find(scheme), KEY, container=store)
        encrypt_set(made(COUNT), home / "named", imveil.find("negpos/1"), KEY, keep_names=True)
        encrypt_set(made(COUNT), home / "hidden", imveil.find("negpos/1"), KEY, hide_labels=True)
    return home


class Forger:
    """A cloud without the key: it changes what it likes and writes lists and manifest so that all digests fit."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.manifest = read_manifest(home)
        self.lists = [
            [line.path for line in shards.parse((home / s.file).read_bytes(), "")] for s in self.manifest.shards
        ]

    def sign(self) -> None:
        told = []
        for shard, paths in zip(self.manifest.shards, self.lists, strict=True):
            lines = [shards.Line(path, hashlib.sha256((self.home / path).read_bytes()).hexdigest()) for path in paths]
            data = shards.dump(lines)
            (self.home / shard.file).write_bytes(data)
            size = sum((self.home / path).stat().st_size for path in paths)
            digest = hashlib.sha256(data).hexdigest()
            told.append(shard.model_copy(update={"count": len(paths), "bytes": size, "sha256": digest}))
        splits = {name: sum(p.startswith(name) for paths in self.lists for p in paths) for name in self.manifest.splits}
        write_manifest(self.home, self.manifest.model_copy(update={"shards": told, "splits": splits}))
        if all(len(set(paths)) == len(paths) for paths in self.lists):
            open_set(self.home).verify()  # every digest fits


def forged(made_sets: Path, place: Path, change: Callable[[Forger], None], name: str = "folder") -> list[str]:
    shutil.copytree(made_sets / name, place / "c")
    forger = Forger(place / "c")
    change(forger)
    forger.sign()
    verdict = verify_set(place / "c", KEY)
    assert verdict.proven
    assert any("imveil.json is not the one that its owner wrote" in line for line in verdict.wrong)
    return [line for line in verdict.wrong if "imveil.json" not in line]


def ids(home: Path) -> dict[str, str]:
    """Path of each cipher image -> id of its picture."""
    from imveil.owner.decryption import expected

    cipher_set = open_set(home)
    table = read_table(cipher_set, KEY)
    names, paths = expected(cipher_set, table, KEY)
    return dict(zip(paths, names, strict=True))


@pytest.mark.parametrize("name", [*CONTAINERS, "lossy", "named", "hidden"])
def test_a_set_as_it_was_written(made_sets: Path, name: str) -> None:
    verdict = verify_set(made_sets / name, KEY)
    assert (verdict.wrong, verdict.proven) == ([], True)
    assert verdict.images == COUNT - (name not in ("named", "hidden"))
    assert verify_set(made_sets / name).wrong == []
    assert not verify_set(made_sets / name).proven


def test_pictures_that_changed_places(made_sets: Path, tmp_path: Path) -> None:
    """Of one class and shard, and over classes and shards: which is as good as a false label."""
    told = ids(made_sets / "folder")

    def swap(forger: Forger) -> None:
        for a, b in ((forger.lists[0][0], forger.lists[0][1]), (forger.lists[1][0], forger.lists[3][2])):
            one, other = forger.home / a, forger.home / b
            data = one.read_bytes()
            one.write_bytes(other.read_bytes())
            other.write_bytes(data)
            pairs.extend([(a, b), (b, a)])

    pairs: list[tuple[str, str]] = []
    wrong = forged(made_sets, tmp_path, swap)
    assert sorted(wrong) == sorted(f"{a} ({told[a]}): is the picture of {told[b]}" for a, b in pairs)


def test_pictures_that_were_dropped(made_sets: Path, tmp_path: Path) -> None:
    dropped: list[str] = []

    def drop(forger: Forger) -> None:
        for number in (0, 2):
            dropped.append(forger.lists[number].pop(3))
            (forger.home / dropped[-1]).unlink()

    told = ids(made_sets / "folder")
    wrong = forged(made_sets, tmp_path, drop)
    assert sorted(wrong) == sorted(f"{path} ({told[path]}): is missing" for path in dropped)


def test_pictures_that_were_repeated_added_and_reordered(made_sets: Path, tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    def change(forger: Forger) -> None:
        first, second, third, fourth, _ = forger.lists
        first.append(first[0])
        seen["twice"] = first[0]
        second[0], second[1] = second[1], second[0]
        seen["order"] = forger.manifest.shards[1].file
        third.append(second[4])
        seen["other"] = second.pop(4)
        new = fourth[0].rpartition("/")[0] + "/" + "0" * 32 + ".png"
        shutil.copy(forger.home / fourth[0], forger.home / new)
        fourth.insert(0, new)
        seen["new"] = new

    told = ids(made_sets / "folder")
    wrong = forged(made_sets, tmp_path, change)
    home = tmp_path / "c"
    assert f"{seen['twice']} ({told[seen['twice']]}): is listed 2 times" in wrong
    assert f"{home / seen['order']} lists its pictures in another order" in wrong
    assert f"{seen['other']} ({told[seen['other']]}): lies in another shard" in wrong
    assert f"{seen['new']}: was added" in wrong
    assert f"{home / seen['new']} is no part of the data set" in wrong
    assert len(wrong) == 5


def test_pictures_that_were_altered(made_sets: Path, tmp_path: Path) -> None:
    def alter(forger: Forger) -> None:
        path = forger.home / forger.lists[1][2]
        image, tag = png.decode(path.read_bytes())
        image = image.copy()
        image[0, 0, 0] ^= 1
        path.write_bytes(png.encode(image, tag))
        changed.append(forger.lists[1][2])

    changed: list[str] = []
    told = ids(made_sets / "folder")
    wrong = forged(made_sets, tmp_path, alter)
    assert wrong == [f"{changed[0]} ({told[changed[0]]}): was altered, it decrypts to another picture"]


def test_where_nothing_can_be_decrypted_the_shard_is_named(made_sets: Path, tmp_path: Path) -> None:
    def swap(forger: Forger) -> None:
        one, other = (forger.home / path for path in forger.lists[2][:2])
        data = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(data)

    (wrong,) = forged(made_sets, tmp_path, swap, "lossy")
    assert wrong.startswith(f"{tmp_path / 'c' / 'imveil-shard-00002.sha256'} was altered")


def test_accidents_are_told_by_name_with_and_without_the_key(made_sets: Path, tmp_path: Path) -> None:
    shutil.copytree(made_sets / "folder", tmp_path / "c")
    images = sorted((tmp_path / "c").rglob("*.png"))
    images[3].unlink()
    images[8].write_bytes(images[8].read_bytes()[:-1])
    (tmp_path / "c" / "Thumbs.db").touch()
    told = ids(made_sets / "folder")
    with_key, without = verify_set(tmp_path / "c", KEY).wrong, verify_set(tmp_path / "c").wrong
    assert (len(with_key), len(without)) == (3, 3)
    for image in (images[3], images[8]):
        assert any(
            str(image) in line and told[image.relative_to(tmp_path / "c").as_posix()] in line for line in with_key
        )
        assert any(str(image) in line for line in without)
    assert with_key[-1].endswith("Thumbs.db is no part of the data set")


def test_a_shard_that_is_one_file(made_sets: Path, tmp_path: Path) -> None:
    shutil.copytree(made_sets / "npz", tmp_path / "c")
    file = tmp_path / "c" / "imveil-shard-00001.npz"
    found = base.find("npz").images(file.read_bytes())
    (first, packed), (second, other) = list(found.items())[:2]
    told = ids(made_sets / "npz")
    writer = base.find("npz").writer(tmp_path / "c", 1, tmp_path)
    for path, image in {**found, first: other, second: packed}.items():
        writer.add(path, image.image, image.tag)  # type: ignore[arg-type]
    shard, data = writer.close(list(found))
    file.write_bytes(data)
    names = {f"{a} ({told[a]}): is the picture of {told[b]}" for a, b in ((first, second), (second, first))}
    assert set(verify_set(tmp_path / "c", KEY).wrong) == names  # digests do not fit
    manifest = read_manifest(tmp_path / "c")
    write_manifest(
        tmp_path / "c",
        manifest.model_copy(update={"shards": [shard if s.file == shard.file else s for s in manifest.shards]}),
    )
    open_set(tmp_path / "c").verify()
    assert names < set(verify_set(tmp_path / "c", KEY).wrong)  # and here they do
    file.write_bytes(data[:400])
    assert any("pictures can be trusted" in line for line in verify_set(tmp_path / "c", KEY).wrong)


def test_another_manifest_and_another_table(made_sets: Path, tmp_path: Path) -> None:
    shutil.copytree(made_sets / "folder", tmp_path / "c")
    manifest = read_manifest(tmp_path / "c")
    write_manifest(tmp_path / "c", manifest.model_copy(update={"classes": ["dog", "cat"]}))
    wrong = verify_set(tmp_path / "c", KEY).wrong
    assert wrong[0].endswith("says classes ['dog', 'cat'], its owner wrote ['cat', 'dog']")
    (tmp_path / "c" / "imveil.json").unlink()
    assert len(verify_set(tmp_path / "c", KEY).wrong) == 1
    shutil.copy(made_sets / "hidden" / "imveil.names", tmp_path / "c" / "imveil.names")
    assert any("imveil.names was altered" in line for line in verify_set(tmp_path / "c", KEY).wrong)
    with pytest.raises(WrongKey):
        verify_set(made_sets / "folder", Key(bytes(32)))
    (tmp_path / "c" / "imveil.auth").unlink()
    with pytest.raises(BadManifest, match=r"it has no imveil\.json"):
        verify_set(tmp_path / "c", KEY)
    write_manifest(tmp_path / "c", manifest)
    with pytest.raises(BadManifest, match="without it nothing can be proven"):
        verify_set(tmp_path / "c", KEY)


def test_only_the_owner_can_make_the_proof(made_sets: Path, tmp_path: Path) -> None:
    shutil.copytree(made_sets / "folder", tmp_path / "c")
    (tmp_path / "c" / "imveil.auth").write_bytes((made_sets / "npz" / "imveil.auth").read_bytes())
    assert verify_set(tmp_path / "c", KEY).wrong  # another set's proof proves another set


def bits(data: bytes) -> Iterator[tuple[int, int]]:
    """Each place in the bytes and each bit there; of many bytes one bit of each."""
    for at in range(len(data)):
        yield from ((at, 1 << bit) for bit in (range(8) if len(data) <= EVERY_BIT else (at % 8,)))


def changed(data: bytes) -> Iterator[bytes]:
    """The bytes with each of these bits changed in turn."""
    return (data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :] for at, bit in bits(data))


def test_every_changed_bit_of_the_manifest_is_refused(made_sets: Path) -> None:
    data = (made_sets / "folder" / "imveil.json").read_bytes()
    Manifest.from_bytes(data)
    for broken in changed(data):
        with pytest.raises(BadManifest):
            Manifest.from_bytes(broken)


def test_every_changed_bit_of_names_and_of_the_proof_is_refused(made_sets: Path) -> None:
    """By their seal, which is the key's, and not only by a digest that a forger can make fit."""
    for file, purpose in (("imveil.auth", "manifest"), ("imveil.names", "names")):
        data = (made_sets / "folder" / file).read_bytes()
        assert unseal(data, KEY, purpose, file)
        for broken in changed(data):
            with pytest.raises(BadManifest, match=file):
                unseal(broken, KEY, purpose, file)


def test_changed_bits_of_names_and_of_the_proof_are_told(made_sets: Path, tmp_path: Path) -> None:
    shutil.copytree(made_sets / "npz", tmp_path / "c")
    file = tmp_path / "c" / "imveil.names"
    data = file.read_bytes()
    for broken in list(changed(data))[:: len(data) // 2]:
        file.write_bytes(broken)
        assert any("imveil.names was altered" in line for line in verify_set(tmp_path / "c", KEY).wrong)
    file.write_bytes(data)
    file = tmp_path / "c" / "imveil.auth"
    data = file.read_bytes()
    for broken in list(changed(data))[:: len(data) // 2]:
        file.write_bytes(broken)
        with pytest.raises(BadManifest, match=r"imveil\.auth"):
            verify_set(tmp_path / "c", KEY)


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_changed_bit_of_a_shard_is_refused(made_sets: Path, tmp_path: Path, name: str) -> None:
    """In every file of the shard, when it is verified and when its images are read."""
    shutil.copytree(made_sets / name, tmp_path / "c")
    cipher_set = open_set(tmp_path / "c")
    store, shard = cipher_set.container, cipher_set.manifest.shards[0]
    opened = store.open(tmp_path / "c", shard)
    lines = {line.path: line for line in opened.lines}
    for path, digest in store.files(tmp_path / "c", shard):
        file = tmp_path / "c" / path
        data = file.read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
        with file.open("r+b", buffering=0) as handle:
            for at, bit in bits(data):
                os.pwrite(handle.fileno(), bytes([data[at] ^ bit]), at)
                if path == shard.file:
                    with pytest.raises(BadShard, match="altered"):
                        (store.verify, store.open)[at % 2](tmp_path / "c", shard)
                else:
                    (found,) = opened.read([lines[path]])
                    assert isinstance(found, BadShard)
                os.pwrite(handle.fileno(), data[at : at + 1], at)
    cipher_set.verify()


def test_a_verdict_is_no_guess_about_digests(made_sets: Path) -> None:
    assert (
        verify_set(made_sets / "folder", KEY).sha256
        == json.loads((made_sets / "folder" / "imveil.json").read_bytes())["sha256"]
    )


def test_a_manifest_that_was_made_long_is_not_read(made_sets: Path, tmp_path: Path) -> None:
    """With the key its length is known; without, it is read as far as its own length allows."""
    home = Path(shutil.copytree(made_sets / "folder", tmp_path / "c"))
    manifest = read_manifest(home)
    more = [manifest.shards[0].model_copy(update={"file": f"imveil-shard-{i:05}.sha256"}) for i in range(50, 150)]
    write_manifest(home, manifest.model_copy(update={"shards": [*manifest.shards, *more], "splits": {
        **manifest.splits, "train": manifest.splits["train"] + sum(shard.count for shard in more)}}))  # fmt: skip
    lines = list(differences(home, manifest))
    assert len(lines) == 8
    assert any("names 95 more files that were added" in line for line in lines)
    write_manifest(
        home, manifest.model_copy(update={"splits": {**manifest.splits, **{f"s{i}": 0 for i in range(9000)}}})
    )
    (line,) = differences(home, manifest)
    assert "bytes, at most" in line
    report = decrypt_set(home, tmp_path / "p", KEY, workers=1)
    assert (report.rejected, len(report.wrong)) == ([], 1)

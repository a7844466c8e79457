"""The formats of docs/spec: stored vectors, read by code that shares nothing with the package, and by the package."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import Key
from imveil.owner.decryption import decrypt_set, read_table
from imveil.owner.encryption import encrypt_set
from imveil.store import png
from imveil.store.sets import open_set
from imveil.store.tag import Tag
from made_source import made, smooth, tree
from reference import formats
from spec_key import SECRET

VECTORS = Path(__file__).parents[2] / "vectors" / "spec"
SETS = {"set": (1, 1), "set-2": (1, 2), "set-3": (2, 2)}  # versions of the manifest and of the sealed table
SET = VECTORS / "set-3"
PNGS = json.loads((VECTORS / "png.json").read_text(encoding="utf-8"))
SOURCE = made(6, shape=(4, 3, 3), deep=frozenset({1}), broken=frozenset({4}))
IDS = [
    f"{item.split}/{SOURCE.classes[item.label]}/{item.name}"  # type: ignore[index]
    for item in SOURCE.items
]


@pytest.mark.parametrize("vector", PNGS, ids=lambda v: str(len(v["image"][0][0])))
def test_png_vectors(vector: dict[str, Any]) -> None:
    data, image = bytes.fromhex(vector["file"]), np.array(vector["image"], np.uint8)
    tag = Tag.from_bytes(vector["tag"].encode()) if vector["tag"] else None
    assert png.encode(image, tag) == data
    found, said = png.decode(data)
    assert np.array_equal(found, image)
    assert said == tag
    samples, members = formats.read_png(data)
    assert samples == vector["image"]
    assert members == (json.loads(vector["tag"]) if vector["tag"] else None)


@pytest.mark.parametrize("name", SETS)
def test_the_set_read_from_the_specification_alone(name: str) -> None:
    home, (number, version) = VECTORS / name, SETS[name]
    manifest = formats.read_manifest(home)
    assert manifest["version"] == number
    files = formats.read_shards(home, manifest)
    assert sum(manifest["splits"].values()) == len(files) == 5
    assert sum(shard["bytes"] for shard in manifest["shards"]) == sum(map(len, files.values()))
    assert [path.rpartition("/")[2] for path in files] == sorted(path.rpartition("/")[2] for path in files)
    sealed = (home / "imveil.names").read_bytes()
    assert hashlib.sha256(sealed).hexdigest() == manifest["names"]
    table = json.loads(formats.unseal(sealed, SECRET, "names"))
    assert (table["format"], table["version"], table["keep_names"]) == ("imveil-names", version, False)
    assert table["classes"] == manifest["classes"] == ["cat", "dog"]
    assert len(table["items"]) == 6
    for i, (split, label, name, depth, check) in enumerate(table["items"]):
        id = f"{split}/{table['classes'][label]}/{name}"
        path = f"{split}/{table['classes'][label]}/{formats.cipher_name(SECRET, id)}"
        assert id == IDS[i]
        assert (check is None) == (i == 4) == (path not in files)
        if check is None:
            continue
        pixels = SOURCE.read(i).pixels
        facts = (id, pixels.tobytes(), pixels.shape, depth)
        assert check == (formats.check(SECRET, *facts) if version == 1 else formats.check_2(*facts))
        _, tag = formats.read_png(files[path])
        assert tag is not None
        assert (tag["format"], tag["scheme"], tag["key"]) == (1, manifest["scheme"], manifest["fingerprint"])
        assert tag["fields"] == manifest["fields"]
        assert tag.get("depth", 8) == depth == (16 if i == 1 else 8)
        assert len(tag["nonce"]) == 32
    rejected = (home / "rejected.jsonl").read_bytes()
    told = json.loads(rejected)
    if number == 2:
        assert manifest["rejects"] == hashlib.sha256(rejected).hexdigest()
        assert manifest["class_check"] == formats.class_check(SECRET, ["cat", "dog"])
        assert (manifest["preparation"], manifest["jpeg"]) == ({}, None)
    assert told["file"].endswith(formats.cipher_name(SECRET, IDS[4]))
    if version == 2:
        proof = (home / "imveil.auth").read_bytes()
        assert formats.unseal(proof, SECRET, "manifest") == (home / "imveil.json").read_bytes()


@pytest.mark.parametrize("name", SETS)
def test_the_set_opens_for_ever(tmp_path: Path, name: str) -> None:
    cipher_set = open_set(VECTORS / name)
    cipher_set.verify()
    assert [row.name for row in read_table(cipher_set, Key(SECRET)).rows] == [item.name for item in SOURCE.items]
    decrypt_set(VECTORS / name, tmp_path / "p", Key(SECRET))
    found = tree(tmp_path / "p")
    assert len(found) == 5
    for i in (0, 2, 3, 5):
        image, _ = png.decode(found[IDS[i].replace(".jpg", ".png")])
        assert np.array_equal(image, SOURCE.read(i).pixels)


def test_cipher_jpegs_open_for_ever(tmp_path: Path) -> None:
    """The set of JPEGs, read from the specification alone as far as its files go, and by the package."""
    home, pictures = VECTORS / "set-jpeg", smooth(4, (20, 33, 3))
    manifest = formats.read_manifest(home)
    assert (manifest["container"], manifest["jpeg"]) == ("jpeg", {"quality": 90, "chroma": 420})
    files = formats.read_shards(home, manifest)
    table = json.loads(formats.unseal((home / "imveil.names").read_bytes(), SECRET, "names"))
    assert len(files) == len(table["items"]) == 4
    decrypt_set(home, tmp_path / "p", Key(SECRET))
    for i, (split, label, name, depth, proof) in enumerate(table["items"]):
        id = f"{split}/{table['classes'][label]}/{name}"
        pixels = pictures.read(i).pixels
        assert proof == formats.check_2(id, pixels.tobytes(), pixels.shape, depth)
        file = files[f"{split}/{table['classes'][label]}/{formats.cipher_name(SECRET, id, 'jpg')}"]
        tag = formats.jpeg_tag(file)
        assert (tag["scheme"], tag["fields"], tag["key"]) == ("etc/1", {"block": 16}, manifest["fingerprint"])
        assert tag["size"] == [20, 33]
        with Image.open(io.BytesIO(file)) as opened:
            assert (opened.format, opened.size) == ("JPEG", (48, 32))
        found, _ = png.decode((tmp_path / "p" / id.replace(".jpg", ".png")).read_bytes())
        assert np.abs(found.astype(int) - pixels).mean() < 3


def test_the_same_pictures_give_the_same_set(tmp_path: Path) -> None:
    """All bytes but the manifest's, whose traits may become more, and its proof's."""
    encrypt_set(SOURCE, tmp_path / "c", imveil.find("negpos/1", per_image=True), Key(SECRET))
    ours, stored = tree(tmp_path / "c"), tree(SET)
    for file in ("imveil.json", "imveil.auth"):
        ours.pop(file)
        stored.pop(file)
    assert ours == stored


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_sha256sum_reads_the_lists() -> None:
    done = subprocess.run(["sha256sum", "--strict", "-c", "imveil-shard-00000.sha256"], cwd=SET, capture_output=True)
    assert done.returncode == 0
    assert done.stdout.count(b": OK") == 5

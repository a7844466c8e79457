"""Any source to any destination: each form is recognised, encrypted into each container, and decrypted exactly."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imveil
from forms import CLASSES, COUNT, FORMS, IMAGES, ROWS
from imveil import Key, registry
from imveil.owner.decryption import decrypt_set, read_table
from imveil.owner.encryption import encrypt_set
from imveil.owner.picture import read_picture
from imveil.owner.shards import labels
from imveil.owner.sources import open_source
from imveil.store.containers import base
from imveil.store.sets import open_set

KEY = Key(b"k" * 32)
SCHEMES = [imveil.find("negpos/1", per_image=True), imveil.find("orthogonal/1", block=2)]
PLACES = [(name, scheme) for name in registry.files(base.PACKAGE) for scheme in SCHEMES
          if scheme.traits.dtype in base.find(name).dtypes and not base.find(name).lossy]  # fmt: skip


@pytest.fixture(scope="module", params=FORMS)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if request.param == "dicom":
        pytest.importorskip("pydicom")
    return open_source(FORMS[request.param](tmp_path_factory.mktemp(request.param) / "source"))


def place(source: Any, i: int) -> int:
    """Which of the pictures item i is: forms sort them by class, by split, or not at all."""
    item = source.items[i]
    if type(source).__name__ in ("NpzSource", "SafetensorsSource"):
        return [k for k, row in enumerate(ROWS) if row[0] == item.split][int(item.name[:5])]
    return int(Path(item.name).stem)


def test_every_form_is_the_same_data_set(source: Any) -> None:
    assert source.classes == CLASSES
    assert source.splits == {"train": 6, "test": 2}
    assert len({place(source, i) for i in range(COUNT)}) == COUNT
    other = pickle.loads(pickle.dumps(source))
    for i, item in enumerate(source.items):
        split, label, _ = ROWS[place(source, i)]
        assert (item.split, item.label) == (split, label)
        for each in (source, other):
            assert each.read(i).depth == 8
            assert np.array_equal(each.read(i).pixels, IMAGES[place(source, i)])


@pytest.mark.parametrize(("name", "scheme"), PLACES, ids=[f"{name}-{scheme.id}" for name, scheme in PLACES])
def test_to_every_container_and_back(tmp_path: Path, source: Any, name: str, scheme: Any) -> None:
    encrypt_set(source, tmp_path / "c", scheme, KEY, container=name, workers=1)
    found = open_set(tmp_path / "c")
    assert (found.manifest.classes, found.manifest.splits) == (CLASSES, {"train": 6, "test": 2})
    loaded = found.load("train")
    assert (len(loaded.images), sorted(loaded.labels.tolist())) == (6, [0, 0, 0, 0, 1, 1])
    report = decrypt_set(tmp_path / "c", tmp_path / "p", KEY, workers=1)
    assert (report.images, report.rejected) == (COUNT, [])
    for i, item in enumerate(source.items):
        path = tmp_path / "p" / Path(item.id(source.classes)).with_suffix(".png")
        assert np.array_equal(read_picture(path).pixels, source.read(i).pixels)


def test_hidden_labels(tmp_path: Path, source: Any) -> None:
    encrypt_set(source, tmp_path / "c", SCHEMES[0], KEY, hide_labels=True, container="webdataset", workers=1)
    found = open_set(tmp_path / "c")
    assert found.manifest.classes == ["class-0", "class-1"]
    order = labels.order(KEY, 2)
    assert labels.meaning(read_table(found, KEY).classes, KEY) == {f"class-{order[i]}": CLASSES[i] for i in range(2)}
    plain = tmp_path / "plain"
    encrypt_set(source, plain, SCHEMES[0], KEY, container="webdataset", workers=1)
    ours = {image.tobytes(): order[label] for image, label in zip(*pair(open_set(plain)), strict=True)}
    assert {image.tobytes(): label for image, label in zip(*pair(found), strict=True)} == ours
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY, workers=1).images == COUNT
    assert sorted(p.name for p in (tmp_path / "p" / "train").iterdir()) == CLASSES


def pair(found: Any) -> tuple[Any, list[int]]:
    loaded = found.load("train")
    return loaded.images, loaded.labels.tolist()


def test_hidden_labels_are_shuffled_by_the_key() -> None:
    orders = {tuple(labels.order(Key(bytes([i]) * 32), 10)) for i in range(20)}
    assert len(orders) == 20
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert labels.meaning(["cat", "dog"], KEY) == {
        f"class-{labels.order(KEY, 2)[i]}": n for i, n in enumerate(("cat", "dog"))
    }

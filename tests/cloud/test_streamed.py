"""Pictures on disk train the same net, to the bit, as pictures in memory; each is read when it is needed."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import imveil  # noqa: E402
from cipher_sets import write_set  # noqa: E402
from imveil.cloud.data import cipher_dataset, streamed  # noqa: E402
from imveil.cloud.data.cipher_dataset import hold_out, keep_some, load_parts  # noqa: E402
from imveil.cloud.data.streamed import Streamed  # noqa: E402
from imveil.cloud.prediction import evaluate  # noqa: E402
from imveil.cloud.training.loop import Settings, fit  # noqa: E402
from imveil.errors import BadShape, BadShard, TrainingProblem  # noqa: E402
from imveil.keys.key import Key  # noqa: E402
from imveil.owner import encryption  # noqa: E402
from imveil.owner.sources import open_source  # noqa: E402
from imveil.store.sets import open_set  # noqa: E402

TINY = Settings(width=4, epochs=2, batch=16, lr=0.1, accumulate=2)


def same(a: Any, b: Any) -> bool:
    one, two = a.state_dict(), b.state_dict()
    return all(torch.equal(one[k], two[k]) for k in one)


def test_a_run_from_disk_ends_in_the_same_bits(tmp_path: Path) -> None:
    found = open_set(write_set(tmp_path / "set"))
    held, disk = load_parts(found, 0), load_parts(found, 0, stream=True)
    assert isinstance(disk.train[0], Streamed)
    assert isinstance(disk.valid[0], Streamed)  # type: ignore[index]
    assert "stay on disk" in disk.notes[0]
    for one, two in zip((held.train, held.valid, held.test), (disk.train, disk.valid, disk.test), strict=True):
        assert one is not None
        assert two is not None
        assert np.array_equal(one[0], two[0][:])
        assert np.array_equal(one[1], two[1])
    a, b = (fit(parts.train, 3, TINY, valid=parts.valid) for parts in (held, disk))
    assert same(a.net, b.net)
    assert [e.valid for e in a.history] == [e.valid for e in b.history]
    assert evaluate(a.net, *held.test).right == evaluate(b.net, *disk.test).right  # type: ignore[misc]


@pytest.mark.parametrize("container", ["npz", "webdataset"])
def test_shards_of_one_file_are_mixed_two_at_a_time(
    tmp_path: Path, container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (63, 8, 8, 3)).astype(np.uint8)
    np.savez(tmp_path / "x.npz", train_images=images, train_labels=np.arange(63) % 3)
    scheme = imveil.find("negpos/1")
    monkeypatch.setattr(encryption, "SHARD", 7)
    encryption.encrypt_set(
        open_source(tmp_path / "x.npz"), tmp_path / "set", scheme, Key.generate(), container=container, workers=1
    )
    found = open_set(tmp_path / "set")
    pictures = Streamed.open(found, "train")
    loaded = found.load("train")
    assert np.array_equal(pictures[:], loaded.images)
    order = pictures.order(torch.Generator().manual_seed(0))
    assert sorted(order.tolist()) == list(range(63))
    numbers = [pictures._items[i][0] for i in order.tolist()]
    assert len(set(numbers[:14])) == 2
    assert order[:14].tolist() != sorted(order[:14].tolist())
    pictures.ahead(order[:5].numpy())
    assert np.array_equal(pictures[order[:5].numpy()], loaded.images[order[:5].numpy()])
    fit((pictures, pictures.labels), 3, replace(TINY, epochs=1))


def test_one_shard_is_read_by_several_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "x.npz", train_images=np.zeros((8, 8, 8, 3), np.uint8), train_labels=np.arange(8) % 2)
    scheme = imveil.find("negpos/1")
    encryption.encrypt_set(
        open_source(tmp_path / "x.npz"), tmp_path / "set", scheme, Key.generate(), container="npz", workers=1
    )
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    pictures = Streamed.open(open_set(tmp_path / "set"), "train")
    together, read = threading.Barrier(4, timeout=30), streamed._Shards.read

    def waits(self: Any, number: int, entries: Any) -> Any:
        together.wait()
        return read(self, number, entries)

    monkeypatch.setattr(streamed._Shards, "read", waits)
    assert np.array_equal(pictures[:], open_set(tmp_path / "set").load("train").images)


@pytest.mark.parametrize("moved", [4, 1024])
def test_what_is_held_out_stays_in_the_same_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int) -> None:
    monkeypatch.setattr(cipher_dataset, "_MOVED", moved)
    found = open_set(write_set(tmp_path / "set", splits={"all": 40}))
    whole, parts = found.load("all"), load_parts(found, 0, limit=60)
    assert parts.test is not None
    assert parts.valid is not None
    assert parts.train[0].base is parts.valid[0].base is parts.test[0].base is not None
    out = hold_out(whole.labels, 0.2, 10_000, 0)
    images, labels = whole.images[~out], whole.labels[~out]
    held = hold_out(labels, 0.1, 6, 0)
    kept = keep_some(labels[~held], 60, 0)
    for part, wanted, of in (
        (parts.test, whole.images[out], whole.labels[out]),
        (parts.valid, images[held], labels[held]),
        (parts.train, images[~held][kept], labels[~held][kept]),
    ):
        assert np.array_equal(part[0], wanted)
        assert np.array_equal(part[1], of)


def test_a_checkpoint_knows_its_pictures_on_disk(tmp_path: Path) -> None:
    one = load_parts(open_set(write_set(tmp_path / "one")), 0, stream=True)
    other = load_parts(open_set(write_set(tmp_path / "two", fingerprint="aaaa-bbbb-cccc-dddd")), 0, stream=True)
    fit(one.train, 3, TINY, checkpoint=tmp_path / "c")
    fit(one.train, 3, TINY, checkpoint=tmp_path / "c")
    with pytest.raises(TrainingProblem, match="other pictures"):
        fit(other.train, 3, TINY, checkpoint=tmp_path / "c")


def test_a_picture_that_is_altered_or_of_another_size_is_named(tmp_path: Path) -> None:
    place = write_set(tmp_path / "set")
    pictures = load_parts(open_set(place), 0, stream=True).train[0]
    path = pictures._items[5][1].path
    (place / path).write_bytes((place / path).read_bytes()[:-1])
    with pytest.raises(BadShard, match=path):
        pictures[:]
    with pytest.raises(BadShard, match="altered"):
        fit((pictures, pictures.labels), 3, TINY)
    pictures = load_parts(open_set(write_set(tmp_path / "again")), 0, stream=True).train[0]
    pictures.shape = (len(pictures), 9, 8, 3)
    with pytest.raises(BadShape, match="differ in size"):
        pictures[:4]
    with pytest.raises(TrainingProblem, match="no pictures"):
        Streamed.open(open_set(tmp_path / "again"), "dev")

"""What a training run may meet: one sentence each, nothing half written, the last good checkpoint kept."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import imveil  # noqa: E402
from cipher_sets import write_set  # noqa: E402
from imveil.cli import main  # noqa: E402
from imveil.cloud.training.loop import Settings, fit  # noqa: E402
from imveil.cloud.training.step import Run  # noqa: E402
from imveil.errors import BadDestination, TrainingProblem  # noqa: E402
from imveil.store import png  # noqa: E402
from imveil.store.sets import open_set  # noqa: E402

SMALL = ["--width", "4", "--batch", "16", "--epochs", "2", "--lr", "0.1"]


@pytest.fixture
def refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs `imveil train` on a set and returns its one line; nothing but what `left` names may lie there then."""

    def call(*options: str, left: tuple[str, ...] = ()) -> str:
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(["train", str(tmp_path / "set"), str(tmp_path / "m"), *SMALL, *options])
        err = capfd.readouterr().err
        assert caught.value.code == 2, err
        assert err.startswith("imveil: ")
        assert err.count("\n") == 1
        assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["set", *left])
        return err

    return call


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"classes": 1}, "two classes or more, got 1"),
        ({"skip": 2}, "1 of 3 classes have no picture to train on: class2"),
        ({"splits": {"all": 1}}, "every class has one picture only"),
        ({"splits": {"train": 1, "test": 3}}, "every class has one picture only"),
        ({"splits": {"test": 3}}, "no split 'train'"),
    ],
)
def test_sets_that_cannot_be_learnt(refused: Any, tmp_path: Path, made: dict[str, Any], words: str) -> None:
    write_set(tmp_path / "set", **made)
    assert words in refused()
    assert words in refused("--stream")


def test_labels_that_are_missing(refused: Any, tmp_path: Path) -> None:
    from imveil.keys.key import Key
    from imveil.owner.encryption import encrypt_set

    for split in ("train", "test"):
        (tmp_path / "flat" / split).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "flat" / split / f"{number}.png").write_bytes(png.encode(np.full((8, 8, 3), number, np.uint8)))
    encrypt_set(tmp_path / "flat", tmp_path / "set", imveil.find("negpos/1"), Key.generate(), workers=1)
    assert "no classes, so there is nothing to learn" in refused(left=("flat",))
    images, labels = np.zeros((6, 8, 8, 3), np.uint8), np.array([0, 1, -1, 0, 1, -1])
    with pytest.raises(TrainingProblem, match="2 of 6 pictures have no label"):
        fit((images, labels), 2, Settings(batch=2))


def test_pictures_of_mixed_sizes(refused: Any, tmp_path: Path) -> None:
    place = write_set(tmp_path / "set")
    found = open_set(place)
    path = next(entry.path for entry in found.entries() if entry.split == "train")
    image, tag = png.decode((place / path).read_bytes())
    _replace(place, path, png.encode(image[:4], tag))
    assert "differ in size" in refused()
    assert "train on are 4x8x3, those of the split 'test' are 8x8x3" in refused("--stream"), "the first one says it"


def _replace(place: Path, path: str, data: bytes) -> None:
    """Put other bytes into a set, with digests that fit."""
    import hashlib

    from imveil.store import shards
    from imveil.store.manifest import read_manifest, write_manifest

    manifest = read_manifest(place)
    (shard,) = manifest.shards
    old = (place / path).read_bytes()
    (place / path).write_bytes(data)
    lines = [
        shards.Line(line.path, hashlib.sha256(data).hexdigest() if line.path == path else line.sha256)
        for line in shards.parse((place / shard.file).read_bytes(), shard.file)
    ]
    listed = shards.dump(lines)
    (place / shard.file).write_bytes(listed)
    sized = shard.model_copy(
        update={"sha256": hashlib.sha256(listed).hexdigest(), "bytes": shard.bytes + len(data) - len(old)}
    )
    write_manifest(place, manifest.model_copy(update={"shards": [sized]}))


def test_a_loss_that_is_no_number(refused: Any, tmp_path: Path) -> None:
    write_set(tmp_path / "set")
    assert "the loss became NaN or infinite in epoch 1" in refused("--lr", "1e30", "--adapter", "none")


def test_a_device_that_is_not_there(refused: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imveil.store import joined

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    write_set(tmp_path / "set")
    monkeypatch.setattr(joined, "open_sets", lambda _: pytest.fail("the data set was opened first"))
    assert "no device 'cuda' here; use --device cpu" in refused("--device", "cuda")


def test_out_of_memory_through_the_command(refused: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_set(tmp_path / "set")
    inner = Run.backward

    def small(self: Run, rows: Any, share: float) -> Any:
        if len(rows) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return inner(self, rows, share)

    monkeypatch.setattr(Run, "backward", small)
    assert "one of 4 does: use --batch 4, or --set accumulate=4" in refused()


def test_a_disk_that_is_full_keeps_the_last_good_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, (64, 8, 8, 3)).astype(np.uint8), np.arange(64) % 2
    settings = Settings(width=4, epochs=4, batch=16, lr=0.1)
    place, inner, calls = tmp_path / "c", os.fsync, 0

    def full(number: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        inner(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BadDestination, match=r"c cannot be written: No space left on device"):
            fit(data, 2, settings, checkpoint=place)
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
    seen: list[int] = []
    resumed = fit(data, 2, settings, checkpoint=place, progress=lambda at: seen.append(at.step))
    assert min(seen) > 8, "it went on from the second epoch's checkpoint"
    whole = fit(data, 2, settings)
    for one, two in zip(resumed.net.parameters(), whole.net.parameters(), strict=True):
        assert torch.equal(one, two)

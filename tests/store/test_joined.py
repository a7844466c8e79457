"""Parts as one data set: classes by name, pictures of all, strangers refused; in memory, mapped and streamed."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imveil
from imveil import Key
from imveil.errors import BadManifest, BadShape
from imveil.owner import encryption
from imveil.owner.encryption import encrypt_set
from imveil.store.joined import JoinedSet, open_sets
from made_source import made

KEY = Key(b"k" * 32)
SCHEME = imveil.find("negpos/1")


def part(root: Path, name: str, classes: list[str], **special: Any) -> Any:
    """A part with two of some classes: `made` labels pictures 0 and 1."""
    source = made(24, **{k: special.pop(k) for k in ("shape", "splits") if k in special})
    source.classes = classes
    encrypt_set(source, root / name, special.pop("scheme", SCHEME), special.pop("key", KEY), workers=1, **special)
    return source


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "SHARD", 5)


@pytest.mark.parametrize("container", ["folder", "npz"])
def test_classes_by_name(tmp_path: Path, container: str) -> None:
    part(tmp_path, "a", ["cat", "dog"], container=container)
    part(tmp_path, "b", ["bird", "dog"], container=container)
    joined = open_sets(tmp_path)
    assert isinstance(joined, JoinedSet)
    assert joined.manifest.classes == ["bird", "cat", "dog"]
    assert joined.manifest.splits == {"train": 36, "test": 12}
    loaded = joined.load("train")
    assert loaded.images.shape[0] == len(loaded.names) == 36
    for name, label in zip(loaded.names, loaded.labels, strict=True):
        of, _, of_class = name.split("/")[:3]
        assert joined.manifest.classes[label] == of_class
        assert of in "ab"
    found = [entry for number in range(len(joined.manifest.shards)) for entry in joined.entries_of(number)]
    assert len(found) == 48
    assert all(joined.manifest.classes[e.label] == e.path.split("/")[1] for e in found)


def test_one_set_is_itself(tmp_path: Path) -> None:
    part(tmp_path, "a", ["cat", "dog"])
    assert not isinstance(open_sets(tmp_path / "a"), JoinedSet)
    with pytest.raises(BadManifest, match="is no cipher data set"):
        open_sets(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadManifest, match="is no cipher data set"):
        open_sets(tmp_path / "empty")


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"key": Key(b"o" * 32)}, "has fingerprint"),
        ({"scheme": imveil.find("le/1")}, "has scheme le/1"),
        ({"scheme": imveil.find("negpos/1", colors=False)}, "has fields"),
        ({"splits": False}, "one has splits and one has not"),
    ],
)
def test_strangers_are_refused(tmp_path: Path, other: dict[str, Any], says: str) -> None:
    part(tmp_path, "a", ["cat", "dog"])
    part(tmp_path, "b", ["cat", "dog"], **other)
    with pytest.raises(BadManifest, match=says):
        open_sets(tmp_path)


def test_hidden_classes_that_differ(tmp_path: Path) -> None:
    part(tmp_path, "a", ["cat", "dog"], hide_labels=True)
    part(tmp_path, "b", ["cat", "dog"], hide_labels=True)
    assert open_sets(tmp_path).manifest.classes == ["class-0", "class-1"]
    part(tmp_path, "c", ["cat", "dog", "eel"], hide_labels=True)
    with pytest.raises(BadManifest, match="hide other classes"):
        open_sets(tmp_path)


def test_sizes_that_differ(tmp_path: Path) -> None:
    part(tmp_path, "a", ["cat", "dog"])
    part(tmp_path, "b", ["cat", "dog"], shape=(6, 6, 3))
    with pytest.raises(BadShape, match="those before"):
        open_sets(tmp_path).load("train")


def test_torch_reads_parts(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the extra train is not installed")
    part(tmp_path, "a", ["cat", "dog"], container="npz")
    part(tmp_path, "b", ["bird", "dog"], container="npz")
    pictures = imveil.CipherDataset(tmp_path)
    assert len(pictures) == 36
    loaded = open_sets(tmp_path).load("train")
    together = sorted(zip((i.tobytes() for i in loaded.images), loaded.labels.tolist(), strict=True))
    read = [pictures[i] for i in range(36)]
    assert sorted((np.ascontiguousarray(x.permute(1, 2, 0).numpy()).tobytes(), y) for x, y in read) == together
    batches = list(torch.utils.data.DataLoader(pictures.stream(shuffle=True), batch_size=8))
    assert sum(len(labels) for _, labels in batches) == 36


def test_parts_are_held_once(tmp_path: Path) -> None:
    for name in "abcdef":
        part(tmp_path, name, ["cat", "dog"], shape=(96, 96, 3), container="npz")
    joined = open_sets(tmp_path)
    joined.load("train")  # what is read for the first time, code too
    tracemalloc.start()
    loaded = joined.load("train")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1.5 * loaded.images.nbytes

"""What other programs read: cipher data sets open, unchanged, in the packages that people train with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imveil
from imveil import Key
from imveil.owner import encryption
from imveil.owner.encryption import encrypt_set
from imveil.store.sets import open_set
from made_source import made

KEY = Key(b"k" * 32)
SOURCE = made(24)
BYTES = imveil.find("negpos/1", per_image=True)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in each container, and one of real numbers in those that hold them."""
    root = tmp_path_factory.mktemp("sets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "SHARD", 5)
        for name in ("folder", "parquet", "webdataset", "safetensors"):
            encrypt_set(SOURCE, root / name, BYTES, KEY, container=name, workers=1)
        for name in ("webdataset", "safetensors"):
            scheme = imveil.find("orthogonal/1", block=2)
            encrypt_set(SOURCE, root / f"{name}-real", scheme, KEY, container=name, workers=1)
        encrypt_set(made(4, splits=False), root / "one-shard", BYTES, KEY, container="parquet", workers=1)
    return root


def same(folder: Path, split: str, images: Iterator[tuple[Any, int]]) -> None:
    """These are the pictures and labels that the cloud's own reader gives, in whatever order."""
    ours = open_set(folder).load(split)
    want = sorted((image.tobytes(), int(label)) for image, label in zip(ours.images, ours.labels, strict=True))
    found = sorted((np.ascontiguousarray(image).tobytes(), int(label)) for image, label in images)
    assert found == want


@pytest.fixture(scope="module")
def load_dataset(tmp_path_factory: pytest.TempPathFactory) -> Any:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    cache = str(tmp_path_factory.mktemp("cache"))
    return lambda place: datasets.load_dataset(str(place), cache_dir=cache)


@pytest.mark.parametrize(("name", "image", "label"), [
    ("parquet", "image", "label"), ("folder", "image", "label"), ("webdataset", "png", "cls"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")  # of the package and of those below it
def test_hugging_face_datasets(sets: Path, load_dataset: Any, name: str, image: str, label: str) -> None:
    found = load_dataset(sets / name)
    assert set(found) == {"train", "test"}
    for split in found:
        same(sets / name, split, ((np.asarray(row[image]), row[label]) for row in found[split]))
    if name != "webdataset":
        assert found["train"].features["label"].names == ["cat", "dog"]


@pytest.mark.filterwarnings("ignore")
def test_one_shard_without_splits_in_datasets(sets: Path, load_dataset: Any) -> None:
    same(
        sets / "one-shard",
        "all",
        ((np.asarray(r["image"]), r["label"]) for r in load_dataset(sets / "one-shard")["train"]),
    )


def test_pyarrow(sets: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = open_set(sets / "parquet").load("train")
    file = sets / "parquet" / "imveil-shard-00000-train.parquet"
    table = parquet.read_table(file)
    assert table.column_names == ["image", "label", "nonce"]
    assert [image["path"] for image in table["image"].to_pylist()] == found.names[: len(table)]
    assert table["label"].to_pylist() == found.labels[: len(table)].tolist()
    assert table["nonce"].to_pylist() == [tag and tag.nonce for tag in found.tags[: len(table)]]
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["label"] == {"names": ["cat", "dog"], "_type": "ClassLabel"}
    group = parquet.ParquetFile(file).metadata.row_group(0)
    # Statistics would repeat whole cipher images.
    assert [group.column(k).statistics for k in range(group.num_columns)] == [None] * 4


@pytest.mark.parametrize("name", ["webdataset", "webdataset-real"])
@pytest.mark.filterwarnings("ignore")
def test_webdataset(sets: Path, name: str) -> None:
    webdataset = pytest.importorskip("webdataset")
    for split in ("train", "test"):
        files = [str(path) for path in sorted((sets / name).glob(f"*-{split}.tar"))]
        ending = "npy" if name.endswith("real") else "png"
        rows = webdataset.WebDataset(files, shardshuffle=False).decode("rgb8").to_tuple(ending, "cls", "json")
        found = list(rows)
        same(sets / name, split, ((image, label) for image, label, _ in found))
        assert [row[2]["path"] for row in found] == open_set(sets / name).load(split).names


@pytest.mark.parametrize("name", ["safetensors", "safetensors-real"])
def test_safetensors(sets: Path, name: str) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    for split in ("train", "test"):
        files = [numpy.load_file(path) for path in sorted((sets / name).glob(f"*-{split}.safetensors"))]
        pairs = [pair for file in files for pair in zip(file["images"], file["labels"], strict=True)]
        same(sets / name, split, iter(pairs))


@pytest.fixture(scope="module")
def image_folder() -> Any:
    """torchvision's ImageFolder. Beside a torch for CPUs alone the package imports only where two operators of its
    CUDA build, which ImageFolder does not use, are declared."""
    torch = pytest.importorskip("torch")
    try:
        import torchvision.datasets
    except ImportError:
        pytest.skip("torchvision is not installed")
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        try:
            import torchvision.datasets
        except RuntimeError as error:
            pytest.skip(f"this torchvision does not fit this torch: {error}")
    return torchvision.datasets.ImageFolder


@pytest.mark.filterwarnings("ignore")
def test_torchvision(sets: Path, image_folder: Any) -> None:
    for split in ("train", "test"):
        found = image_folder(sets / "folder" / split)
        # It numbers the classes that it finds, and all test pictures are dogs.
        assert found.classes == {"train": ["cat", "dog"], "test": ["dog"]}[split]
        label = [SOURCE.classes.index(name) for name in found.classes]
        same(sets / "folder", split, ((np.asarray(image), label[of]) for image, of in found))

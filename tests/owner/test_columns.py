"""Columns of pictures in Parquet tables: encoded, as tensors, as nested lists, and lists of these in a row."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.helpers.arrow import counted

from imveil.errors import BadImage, BadSource
from imveil.owner.sources import Source, open_source

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), np.uint8)
STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def encoded(image: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


def opened(root: Path, column: Any, **more: Any) -> Source:
    pq.write_table(pa.table({"image": column, **more}), root / "t.parquet", row_group_size=2)
    return open_source(root / "t.parquet")


def ray() -> Any:
    """As Ray writes tensors, for a reader that does not know the type."""
    told = {b"ARROW:extension:name": b"ray.data.arrow_tensor", b"ARROW:extension:metadata": json.dumps([6, 7, 3])}
    field = pa.field("image", pa.list_(pa.uint8()), metadata=told)
    return pa.Table.from_arrays([pa.array([a.ravel() for a in IMAGES], field.type)], schema=pa.schema([field]))


def tensors(array: Any) -> Any:
    return pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(array))


def nested(array: Any, inner: Any = None) -> Any:
    return pa.array(array.tolist(), pa.list_(pa.list_(inner or pa.list_(pa.uint8()))))


LISTS = [[encoded(image) for image in IMAGES[:count]] for count in (2, 0, 3)]
CASES: dict[str, tuple[Any, Any]] = {
    "tensors": (tensors(IMAGES), IMAGES),
    "channels first": (tensors(IMAGES.transpose(0, 3, 1, 2)), IMAGES),
    "grey tensors": (tensors(IMAGES[..., 0]), IMAGES[..., :1]),
    "nested lists": (nested(IMAGES), IMAGES),
    "grey lists of fixed length": (nested(IMAGES[..., 0], pa.uint8()), IMAGES[..., :1]),
    "structs": (pa.array([{"bytes": encoded(a), "path": None} for a in IMAGES], STRUCT), IMAGES),
}


@pytest.mark.parametrize("case", CASES)
def test_pictures_of_a_column(tmp_path: Path, case: str) -> None:
    column, want = CASES[case]
    source = opened(tmp_path, column, label=[0, 1, 0, 1, 1])
    for one in (source, pickle.loads(pickle.dumps(source))):
        assert len(one) == 5
        assert all(np.array_equal(one.read(i).pixels, want[i]) for i in range(5))
    assert [item.label for item in source.items] == [0, 1, 0, 1, 1]


@pytest.mark.parametrize("loaded", [False, True], ids=["where Ray is not loaded", "where it is"])
def test_tensors_of_ray(tmp_path: Path, loaded: bool) -> None:
    if loaded:
        pytest.importorskip("ray.data")  # which registers the type, for the rest of this process
    pq.write_table(ray(), tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet")
    assert all(np.array_equal(source.read(i).pixels, IMAGES[i]) for i in range(5))


@pytest.mark.parametrize("kind", [STRUCT, pa.binary()], ids=str)
def test_a_row_with_a_list_of_pictures(tmp_path: Path, kind: Any) -> None:
    rows = [[{"bytes": data, "path": "x.png"} if kind is STRUCT else data for data in row] for row in LISTS]
    source = opened(tmp_path, pa.array(rows, pa.list_(kind)), label=["cat", "cat", "dog"])
    assert [item.id(source.classes) for item in source.items] == [
        "cat/000000/0.png", "cat/000000/1.png", "dog/000002/0.png", "dog/000002/1.png", "dog/000002/2.png",
    ]  # fmt: skip
    assert all(np.array_equal(source.read(i).pixels, IMAGES[k]) for i, k in enumerate((0, 1, 0, 1, 2)))
    assert any("an empty list, and so no picture: 1" in note for note in source.notes)


def test_what_is_refused_is_named(tmp_path: Path) -> None:
    for column in (nested(IMAGES, pa.list_(pa.int64())), pa.array([[1, 2]], pa.list_(pa.uint8()))):
        with pytest.raises(BadSource, match="none of pictures; structs with bytes"):
            opened(tmp_path, column)
    source = opened(tmp_path, pa.array([[[1, 2], [3]], [[1, 2], [3, 4]]], pa.list_(pa.list_(pa.uint8()))))
    assert source.read(1).pixels.shape == (2, 2, 1)
    with pytest.raises(BadImage, match="differ in length"):
        source.read(0)
    source = opened(tmp_path, pa.array([None, [{"bytes": encoded(IMAGES[0])}]], pa.list_(STRUCT)))
    with pytest.raises(BadImage, match=r"row 0 holds no picture \(null\)"):
        source.read(0)
    assert np.array_equal(source.read(1).pixels, IMAGES[0])


def zeros(side: int) -> Any:
    return np.zeros((4, side, side), np.uint8)


BOMBS: dict[str, tuple[Any, str]] = {  # few bytes that stand for many long values
    "binaries": (lambda: pa.array([bytes(1 << 24)] * 64), "none of pictures"),
    "structs": (lambda: pa.array([{"bytes": bytes(1 << 24), "path": None}] * 64), "at most"),
    "lists of binaries": (lambda: pa.array([[bytes(1 << 24)] * 9] * 7), "none of pictures"),
    "tensors": (lambda: tensors(zeros(4000)), "would become 128,000,000 bytes"),
    "a list in a list": (lambda: pa.array([[row] for row in zeros(4000).reshape(4, -1)], ROWS), "would become"),
}
ROWS = pa.list_(pa.list_(pa.uint8()))


@pytest.mark.parametrize("case", BOMBS)
def test_few_bytes_that_stand_for_large_pictures(tmp_path: Path, case: str) -> None:
    column, said = BOMBS[case]
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"image": column()}), file, compression="zstd", dictionary_pagesize_limit=1 << 30)
    assert file.stat().st_size < 3000
    with counted() as pool, pytest.raises((BadSource, BadImage), match=said):
        open_source(file).read(0)
    assert pool.max_memory() < 1 << 27


def test_masks_that_compress_well_are_read(tmp_path: Path) -> None:
    masks = np.zeros((400, 224, 224), np.uint8)
    for i, mask in enumerate(masks):
        mask[i % 150 : i % 150 + 60, 30:90] = np.random.default_rng(i).integers(0, 2, (60, 60)) * 255
    pq.write_table(pa.table({"mask": tensors(masks)}), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size < masks.nbytes / 50
    source = open_source(tmp_path / "t.parquet")
    assert np.array_equal(source.read(399).pixels[..., 0], masks[399])


def test_files_that_are_not_compressed_themselves_are_read(tmp_path: Path) -> None:
    files = []
    for i in range(500):
        mask, out = np.zeros((100, 100, 3), np.uint8), io.BytesIO()
        mask[i % 60 : i % 60 + 9, 30:60] = np.random.default_rng(i).integers(0, 2, (9, 30, 1)) * 255
        Image.fromarray(mask).save(out, "BMP")
        files.append({"bytes": out.getvalue(), "path": None})
    pq.write_table(pa.table({"image": pa.array(files, STRUCT)}), tmp_path / "t.parquet", compression="zstd")
    assert (tmp_path / "t.parquet").stat().st_size * 50 < 500 * len(files[0]["bytes"])
    source = open_source(tmp_path / "t.parquet")
    assert {source.read(i).pixels.shape for i in range(500)} == {(100, 100, 3)}

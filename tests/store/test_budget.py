"""A small file cannot ask for much: what it would become is known before memory is taken."""

from __future__ import annotations

import io
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from imveil.errors import BadImage, BadManifest
from imveil.store import arrays, packing, png
from imveil.store.budget import Budget
from imveil.store.containers.base import find
from imveil.store.manifest import Manifest
from imveil.store.spread import spread
from imveil.store.tag import Tag


def test_what_is_spent_is_gone() -> None:
    budget = Budget(0)
    budget.decode(1 << 24)
    with pytest.raises(BadImage, match="would become 1 bytes, at most 0"):
        budget.decode(1)
    with pytest.raises(BadImage, match="too many for its length"):
        budget.json(b"[" + b"0," * 70_000 + b"0]")
    with pytest.raises(BadImage, match="nested too deeply"):
        Budget(1 << 20).json(b"[" * 100_000)
    budget.until = 0
    with pytest.raises(BadImage, match="too long"):
        budget.still()


def npz_with_a_large_index() -> bytes:
    packed = packing.to_arrays([(f"{i}", np.zeros((2, 2, 3), np.uint8), Tag("plain/1")) for i in range(3)])
    packed["which"] = np.array([0, 0, 1 << 40])
    return arrays.dump(packed)


def npz_whose_members_overlap() -> bytes:
    body, out = arrays.npy(np.zeros(100_000, np.uint8)), io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("images.npy", body)
        first = file.infolist()[0]
        for number in range(1, 500):
            again = zipfile.ZipInfo(f"images_{number}.npy")
            again.CRC, again.header_offset = first.CRC, first.header_offset
            again.file_size = again.compress_size = len(body)
            file.filelist.append(again)
            file.NameToInfo[again.filename] = again
    return out.getvalue()


def tar_with_a_sparse_member() -> bytes:
    member = tarfile.TarInfo("00000-000000.npy")
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "4000000000"}
    body = b"1\n0\n0\n".ljust(512, b"\0")
    member.size, out = len(body), io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member, io.BytesIO(body))
    return out.getvalue()


def tar_with_a_link() -> bytes:
    member, out = tarfile.TarInfo("00000-000000.png"), io.BytesIO()
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(member)
    return out.getvalue()


def parquet_of_one_value_many_times(compression: str = "zstd") -> bytes:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 900, pa.int32()), pa.array([bytes(1_000_000)]))
    image = pa.StructArray.from_arrays([column.cast(pa.binary()), pa.array(map(str, range(900)))], ["bytes", "path"])
    out = pa.BufferOutputStream()
    parquet.write_table(pa.table({"image": image}), out, compression=compression, dictionary_pagesize_limit=1 << 30)
    found: bytes = out.getvalue().to_pybytes()
    return found


def png_of(colour: int, width: int, height: int, step: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    deflate = zlib.compressobj(9)
    row = bytes(1 + step * width)
    packed = b"".join(deflate.compress(row) for _ in range(height)) + deflate.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    more = chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    return png.SIGNATURE + chunk(b"IHDR", head) + more + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("container", "make"),
    [
        ("npz", npz_with_a_large_index),
        ("npz", npz_whose_members_overlap),
        ("webdataset", tar_with_a_sparse_member),
        ("webdataset", tar_with_a_link),
        ("parquet", parquet_of_one_value_many_times),
        ("folder", lambda: png_of(6, 4096, 4096, 4)),
        ("folder", lambda: png_of(3, 4096, 4096, 1)),
        ("folder", lambda: png_of(0, 1 << 25, 1, 1)),
    ],
)
def test_small_files_that_would_become_large(container: str, make: Callable[[], bytes]) -> None:
    data = make()
    tracemalloc.start()
    try:
        with pytest.raises(BadImage):
            find(container).images(data)
        assert tracemalloc.get_traced_memory()[1] < (1 << 24) + 8 * len(data)
    finally:
        tracemalloc.stop()


def test_a_dictionary_that_is_not_compressed() -> None:
    with pytest.raises(BadImage, match="would become"):
        find("parquet").images(parquet_of_one_value_many_times("none"))


def test_few_are_worked_on_ahead() -> None:
    begun: list[int] = []
    results = spread(lambda i: begun.append(i) or i, range(1000))
    assert next(results) == 0
    assert len(begun) <= 20
    assert list(results) == list(range(1, 1000))


@pytest.mark.parametrize("text", ['{"a": ' + "[" * 100_000, "[" + "0," * 1_000_000 + "0]"])
def test_a_manifest_is_read_within_its_budget(text: str) -> None:
    with pytest.raises(BadManifest):
        Manifest.from_bytes(text.encode())


def test_many_splits_cost_no_more_than_their_number() -> None:
    """Each picture was asked for its split among all of them, anew."""
    from imveil.store.sets import CipherSet

    splits = {f"s{i}": 0 for i in range(200_000)} | {"train": 2000}
    held = Manifest(scheme="plain/1", fingerprint="k3xd-7q2a-9fz4-mmwp", splits=splits, shards=[])
    found = CipherSet(None, held)  # type: ignore[arg-type]

    class Line:
        path, sha256 = "train/a.png", ""

    calls: Any = [found._entry(Line()) for _ in range(2000)]
    assert {entry.split for entry in calls} == {"train"}

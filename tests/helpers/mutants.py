"""Mutated files: bytes changed anywhere, or members of a file changed and packed again as if nothing were wrong."""

from __future__ import annotations

import io
import json
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from forms import CLASSES, COUNT, IMAGES, ROWS, arrays, file_of

Members = dict[str, bytes]


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """One to three changes: bytes, bits, extreme numbers, a part cut out, doubled, moved or taken from another file."""
    body = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at, length = rng.randrange(len(body)), rng.randint(1, 40)
        kind = rng.randrange(8)
        if kind == 0:
            body[at] = rng.randrange(256)
        elif kind == 1:
            body[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            body[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"])
        elif kind == 3:
            del body[at : at + length]
        elif kind == 4:
            body[at:at] = body[at : at + length]
        elif kind == 5:
            body[at:at] = rng.randbytes(length)
        elif kind == 6:
            body = body[: max(at, 1)]
        else:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            body[at : at + length] = other[start : start + length]
        body = body or bytearray(b"\0")
    return bytes(body)


class Form(NamedTuple):
    """A file of many pictures. pack: the file made of its members."""

    name: str
    members: Members
    pack: Callable[[Members], bytes]

    def mutant(self, others: list[bytes], rng: random.Random) -> bytes:
        """The file with members changed, or its own bytes, or both. Members more often: what is amiss with the file
        itself is mostly found when it is opened."""
        where, members = rng.choice(["members", "members", "file", "both"]), dict(self.members)
        if where != "file":
            for name in rng.sample(sorted(members), rng.randint(1, min(2, len(members)))):
                members[name] = mutated(members[name], others, rng)
        packed = self.pack(members)
        return packed if where == "members" else mutated(packed, others, rng)


def forms() -> list[Form]:
    """Every source that is a file of many, as `forms.py` has them. The lists name the files of `forms.table`."""
    rows = [{"file_name": name, "label": label, "split": split} for split, label, name in ROWS]
    lines = {f"{i}": json.dumps(row).encode() for i, row in enumerate(rows)}
    table = {f"{i}": f"{name},{label},{split}".encode() for i, (split, label, name) in enumerate(ROWS)}
    parts = {f"{name}.npy": _npy(array) for name, array in arrays().items()}
    pictures = {f"{i}": file_of(image) for i, image in enumerate(IMAGES)}
    labels = {f"{name[:-4]}.cls": str(label).encode() for _, label, name in ROWS}
    column = pictures | {"names": json.dumps([row[2] for row in ROWS]).encode(), "features": FEATURES}
    tar = {row[2]: pictures[f"{i}"] for i, row in enumerate(ROWS)} | labels
    return [
        Form("train.parquet", column, _parquet),
        Form("train.tar", dict(sorted(tar.items())), _tar),
        Form("stored.npz", parts, lambda members: _zip(members, zipfile.ZIP_STORED)),
        Form("packed.npz", parts, lambda members: _zip(members, zipfile.ZIP_DEFLATED)),
        Form("arrays.safetensors", _tensors(), lambda m: struct.pack("<Q", len(m["header"])) + m["header"] + m["data"]),
        Form("list.csv", {"head": b"file_name,label,split"} | table, lambda members: b"\r\n".join(members.values())),
        Form("list.jsonl", lines, lambda members: b"\n".join(members.values())),
    ]  # fmt: skip


FEATURES = json.dumps(
    {"info": {"features": {"image": {"_type": "Image"}, "label": {"names": CLASSES, "_type": "ClassLabel"}}}}
).encode()


def _parquet(members: Members) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = [str(name).encode("utf-8", "replace").decode() for name in json.loads(members["names"])]
    except (ValueError, TypeError):
        names = []
    names = (names + [""] * COUNT)[:COUNT]
    rows = [{"bytes": members[f"{i}"], "path": name} for i, name in enumerate(names)]
    table = pa.table({"image": rows, "label": [label for _, label, _ in ROWS]})
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({b"huggingface": members["features"]}), out, row_group_size=3)
    return out.getvalue()


def _tar(members: Members) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def _zip(members: Members, kind: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


def _npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def _tensors() -> Members:
    from safetensors.numpy import save

    data = save(arrays())
    (size,) = struct.unpack("<Q", data[:8])
    return {"header": data[8 : 8 + size], "data": data[8 + size :]}

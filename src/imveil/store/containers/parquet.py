"""parquet: the cipher images of a shard in one Parquet file, in the layout that Hugging Face's datasets reads.

    image      struct of bytes, a cipher PNG with its tag, and path: the image's path in the data set
    label      int64, only where there are classes; their names are in the schema's metadata
    nonce      bytes, only where each picture has a key of its own: what the PNG's tag says, for whoever reads columns

docs/spec/parquet.md has the details.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from imveil.errors import BadImage, BadSource
from imveil.extras import need
from imveil.store import png
from imveil.store.budget import Budget
from imveil.store.containers._single import Items, Single, check_paths
from imveil.store.containers.base import NOTHING, About, Held, Packed, cipher_png

_FEW = 16  # rows that are read together
_ROWS = 100  # of a group, which is what readers take into memory at once


class Parquet(Single):
    """One .parquet file a shard."""

    suffix = "parquet"
    extension = ".png"
    dtypes = ("uint8",)
    by_split = True

    def recognises(self, data: bytes) -> bool:
        """The magic number at the beginning."""
        return data.startswith(b"PAR1")

    def pack(self, items: Items, about: About = NOTHING, number: int = 0) -> bytes:
        """A table in groups of rows, not compressed (ciphers do not), without statistics (they would be ciphers)."""
        del number
        pa, parquet = _library()
        try:
            paths = [path.encode().decode() for path, _, _ in items]
        except UnicodeEncodeError as error:
            raise BadSource(
                "a Parquet file holds names in UTF-8 only, and one is not", hint="leave out --keep-names, or rename it"
            ) from error
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        images = [{"bytes": png.encode(image, tag), "path": p} for p, (_, image, tag) in zip(paths, items, strict=True)]
        columns: dict[str, Any] = {"image": pa.array(images, kind)}
        features: dict[str, Any] = {"image": {"_type": "Image"}}
        if about.classes:
            columns["label"] = pa.array([about.label(path) for path in paths], pa.int64())
            features["label"] = {"names": list(about.classes), "_type": "ClassLabel"}
        if items and items[0][2].nonce is not None:
            columns["nonce"] = pa.array([tag.nonce for _, _, tag in items], pa.binary())
            features["nonce"] = {"dtype": "binary", "_type": "Value"}
        told = json.dumps({"info": {"features": features}})
        table = pa.table(columns).replace_schema_metadata({"huggingface": told})
        out = pa.BufferOutputStream()
        parquet.write_table(
            table, out, row_group_size=_ROWS, compression="none", use_dictionary=False, write_statistics=False
        )
        data: bytes = out.getvalue().to_pybytes()
        return data

    def unpack(self, data: bytes) -> Held:
        """The rows; their PNGs are decoded when asked for."""
        pa, parquet = _library()
        try:
            images, nonces = _columns(parquet.ParquetFile(pa.BufferReader(data)), Budget(len(data), 2))
            rows = [(image["path"], image["bytes"]) for image in images]
            if not all(type(path) is str and type(file) is bytes for path, file in rows):
                raise BadImage("the Parquet file holds rows without an image")
        except BadImage:
            raise
        except Exception as error:  # Arrow's errors are of many kinds; to the caller all mean the same
            raise BadImage(f"this is no Parquet file with cipher images: {error}") from error
        check_paths([path for path, _ in rows])
        return {path: partial(_image, file, nonce) for (path, file), nonce in zip(rows, nonces, strict=True)}


def _columns(file: Any, budget: Budget) -> tuple[list[Any], list[Any]]:
    """Images and nonces of all rows, a few at a time: what a page claims shows only when it is read."""
    facts, names = file.metadata, file.schema_arrow.names
    for k in range(facts.num_row_groups):
        group = facts.row_group(k)
        for j in range(group.num_columns):
            if group.column(j).compression != "UNCOMPRESSED":
                raise BadImage("the Parquet file is compressed, which files of imveil are not")
    budget.take(facts.num_rows)
    images, nonces = list[Any](), list[Any]()
    wanted = [name for name in ("image", "nonce") if name in names]
    for batch in file.iter_batches(_FEW, columns=wanted, use_threads=False):
        budget.decode(batch.nbytes)
        images += batch.column("image").to_pylist()
        nonces += batch.column("nonce").to_pylist() if "nonce" in wanted else [None] * len(batch)
    return images, nonces


def _image(file: bytes, nonce: bytes | None) -> Packed:
    found = cipher_png(file)
    if (found.tag.nonce if found.tag else None) != nonce:
        raise BadImage("its nonce is not the one beside it")
    return found


def _library() -> tuple[Any, Any]:
    what = "the container parquet"
    return need("pyarrow", "parquet", what), need("pyarrow.parquet", "parquet", what)


CONTAINER = Parquet()

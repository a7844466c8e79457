"""Pictures in Arrow batches: one pure function, batches in and batches out, for any engine that speaks Arrow.

    hide = EncryptBatches(imveil.find("negpos/1", per_image=True), KeyRef("env:OWNER_KEY"))
    frame.mapInArrow(hide, ...)                                       # Spark; hide.schema(...) says what comes out
    frame.map_partitions(...), dataset.map_batches(...)               # Dask, Ray Data: a table's to_batches()

The function travels as scheme and place of the key; each process that runs it opens the key itself, once. A picture's
cipher is the same whatever its batch, its neighbours and the engine.

The column of pictures is a struct of `bytes`, a whole file of any kind that `imveil encrypt` reads, and `path`, the
picture's id, unique in the data set: Hugging Face's layout. Other columns pass through.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from imveil import schemes
from imveil.errors import BadDtype, BadIds, BadImage, BadInput, Mismatch, NotInvertible
from imveil.extras import need
from imveil.keys.key import Key
from imveil.keys.reference import KeyRef
from imveil.owner.picture import read_picture, to16
from imveil.owner.shards.writing import Todo, encrypted
from imveil.schemes.base import Cipher, Scheme
from imveil.store import png
from imveil.store.containers.base import cipher_png

NONCE = "nonce"


class _Batches(ABC):
    """What both ways share: the key by reference, the column, rows in order."""

    def __init__(self, key: KeyRef, column: str = "image") -> None:
        self.key, self.column = key, column
        self._opened: Key | None = None

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        """One batch out for each one in. Raises BadIds for a row without bytes or path, BadImage with the path."""
        for batch in batches:
            schema = self.schema(batch.schema)
            rows = [_row(row, self.column) for row in batch.column(self.column).to_pylist()]
            self._opened = self._opened or self.key.open()
            columns = self._columns(rows, self._opened)
            found = dict(zip(batch.schema.names, batch.columns, strict=True)) | columns
            yield _arrow().RecordBatch.from_arrays([found[name] for name in schema.names], schema=schema)

    @abstractmethod
    def schema(self, of: Any) -> Any:
        """The schema of what comes out for batches of schema `of`."""

    @abstractmethod
    def _columns(self, rows: list[tuple[str, bytes]], key: Key) -> dict[str, Any]:
        """The columns that are new or other."""

    def _pictures(self, paths: list[str], files: list[bytes]) -> Any:
        rows = [{"bytes": file, "path": path} for path, file in zip(paths, files, strict=True)]
        return _arrow().array(rows, _picture())

    def _image_schema(self, of: Any) -> Any:
        at = of.get_field_index(self.column)
        if at < 0:
            raise BadInput(f"there is no column {self.column!r}, but {', '.join(map(repr, of.names))}")
        return of.set(at, _arrow().field(self.column, _picture()))


class EncryptBatches(_Batches):
    """Plain pictures in, cipher PNGs with their tags out, and a column `nonce` where each picture has a key of its own.

    scheme: one whose ciphers are bytes.   key: where every machine finds the key.   column: of the pictures.
    Paths stay as they are: choose ones that tell nothing. Raises BadDtype, MissingExtra.
    """

    def __init__(self, scheme: Scheme, key: KeyRef, column: str = "image") -> None:
        _arrow()
        if scheme.traits.dtype != "uint8":
            raise BadDtype(f"cipher images of {scheme.id} are {scheme.traits.dtype}, a PNG holds uint8 only")
        super().__init__(key, column)
        self.scheme = scheme

    def __reduce__(self) -> Any:
        return EncryptBatches, (self.scheme, self.key, self.column)

    def schema(self, of: Any) -> Any:
        """That of `of`, pictures being (bytes, path), with `nonce` at its end where there are nonces."""
        found, arrow = self._image_schema(of), _arrow()
        return found.append(arrow.field(NONCE, arrow.binary())) if self.scheme.traits.per_image else found

    def _columns(self, rows: list[tuple[str, bytes]], key: Key) -> dict[str, Any]:
        groups: dict[Any, list[tuple[int, Any]]] = {}
        for at, (path, file) in enumerate(rows):
            try:
                picture = read_picture(file)
            except BadImage as error:
                raise BadImage(f"{path}: {error.message}", hint=error.hint) from error
            groups.setdefault((picture.pixels.shape, picture.depth), []).append((at, picture.pixels))
        files, nonces = [b""] * len(rows), [b""] * len(rows)
        for (_, depth), members in groups.items():
            todos = [Todo(at, rows[at][0], "") for at, _ in members]
            for todo, (image, tag) in zip(
                todos, encrypted(self.scheme, key, todos, [p for _, p in members], depth), strict=True
            ):
                files[todo.at], nonces[todo.at] = png.encode(image, tag), tag.nonce or b""
        columns = {self.column: self._pictures([path for path, _ in rows], files)}
        if self.scheme.traits.per_image:
            columns[NONCE] = _arrow().array(nonces, _arrow().binary())
        return columns


class DecryptBatches(_Batches):
    """The way back: cipher PNGs in, plain PNGs of the same pixels out; a column `nonce` is left out.

    Raises NotInvertible for a scheme that cannot be undone, Mismatch for a picture under another key.
    """

    def __reduce__(self) -> Any:
        return DecryptBatches, (self.key, self.column)

    def schema(self, of: Any) -> Any:
        """That of `of`, without `nonce`."""
        found = self._image_schema(of)
        return found.remove(found.get_field_index(NONCE)) if NONCE in found.names else found

    def _columns(self, rows: list[tuple[str, bytes]], key: Key) -> dict[str, Any]:
        return {self.column: self._pictures([p for p, _ in rows], [_plain(path, file, key) for path, file in rows])}


def _plain(path: str, file: bytes, key: Key) -> bytes:
    image, tag = cipher_png(file)
    if tag is None:
        raise BadImage(f"{path} has no tag: it was not encrypted by imveil")
    if tag.fingerprint != key.fingerprint:
        raise Mismatch(f"{path} is encrypted under the key {tag.fingerprint}, this key is {key.fingerprint}")
    scheme = schemes.known(tag.scheme, **tag.fields)
    if not scheme.traits.invertible:
        raise NotInvertible(f"{scheme.id} cannot be decrypted, by design")
    nonces = None if tag.nonce is None else [tag.nonce]
    pixels = np.asarray(scheme.decrypt(Cipher(image[None], nonces, tag.size), key))[0]
    return png.encode(to16(pixels) if tag.depth == 16 else pixels)


def _row(row: Any, column: str) -> tuple[str, bytes]:
    if not row or type(row.get("path")) is not str or type(row.get("bytes")) is not bytes:
        raise BadIds(f"every {column!r} needs bytes and a path, and one has not")
    return row["path"], row["bytes"]


def _picture() -> Any:
    arrow = _arrow()
    return arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])


def _arrow() -> Any:
    return need("pyarrow", "parquet", "encrypting Arrow batches")


__all__ = ["DecryptBatches", "EncryptBatches"]

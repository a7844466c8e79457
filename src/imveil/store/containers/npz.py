"""npz: the cipher images of a shard as arrays in one .npz file. It holds any kind of numbers, and numpy opens it.

    images           (n, h, w, c), in the order of names; pictures of other sizes in images_1, images_2, ...
    which            (n,) int64: 0 for a picture in images, k for one in images_k, where the order is kept
    names            (n,) bytes: the path of each picture in the data set, without an extension
    sizes            (n, 2) int64: (h, w) before padding, (0, 0) where nothing was padded
    depths           (n,) int64: bits of a sample of the picture, 8 or 16
    nonces           (n, 16) uint8, only where each picture has a key of its own
    about            bytes: format, scheme, fields and key fingerprint, as in the chunk imVl of a cipher PNG

docs/spec/npz.md has the details.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imveil.errors import BadDtype, BadImage, BadShard, StoreProblem
from imveil.store import arrays
from imveil.store.container import AGAIN, Container, Listed, Opened, Packed, Writer, missing, shard_bytes
from imveil.store.manifest import Shard
from imveil.store.tag import Tag

_DTYPES = ("uint8", "uint16", "float32")


class Npz(Container):
    """One .npz file a shard."""

    suffix = "npz"
    dtypes = _DTYPES

    def writer(self, root: Path, number: int, aside: Path) -> Writer:
        """Images are kept until the shard is closed."""
        del root, aside
        return _Writer(self.file_name(number))

    def open(self, root: Path, shard: Shard) -> Opened:
        """The whole file."""
        data = shard_bytes(root, shard)
        try:
            found = unpack(data)
        except BadImage as error:
            raise BadShard(f"{root / shard.file}: {error.message}", hint=AGAIN) from error
        if len(found) != shard.count:
            raise BadShard(f"{root / shard.file} should hold {shard.count} images, it holds {len(found)}")
        lines = [_Line(name, shard.sha256) for name in found]
        return _Opened(lines, found)

    def verify(self, root: Path, shard: Shard) -> None:
        """The file against its digest, and that it can be read."""
        self.open(root, shard)
        self.look(root, shard)

    def look(self, root: Path, shard: Shard) -> None:
        """The length of the file."""
        file = root / shard.file
        try:
            size = file.stat().st_size
        except OSError as error:
            raise missing(file, error) from error
        if size != shard.bytes:
            raise BadShard(f"{file} should have {shard.bytes} bytes, it has {size}", hint=AGAIN)


def pack(items: Sequence[tuple[str, Any, Tag]]) -> bytes:
    """The bytes of a file with these images: name, image (h, w, c), tag. All have one scheme and one key.

    >>> data = pack([("a", np.full((1, 2, 3), 7, np.float32), Tag("orthogonal/1"))])
    >>> unpack(data)["a"].image.shape
    (1, 2, 3)
    """
    groups: dict[Any, list[Any]] = {}
    which = []
    for _, image, _ in items:
        groups.setdefault(image.shape, []).append(image)
        which.append(list(groups).index(image.shape))
    names = [name.encode("utf-8", "surrogateescape") for name, _, _ in items]
    tags = [tag for _, _, tag in items]
    about = {replace(tag, nonce=None, size=None, depth=8).to_bytes() for tag in tags}
    if len(about) > 1 or len({tag.nonce is None for tag in tags}) > 1:
        raise BadDtype("the images of one file must have one scheme, one key, and a nonce each or none")
    found: dict[str, Any] = {f"images_{k}" if k else "images": np.stack(g) for k, g in enumerate(groups.values())}
    for array in found.values():
        if array.dtype not in _DTYPES:
            raise BadDtype(f"cipher images are {', '.join(_DTYPES)}, got {array.dtype}")
    found |= {
        "which": np.array(which, np.int64),
        "names": np.array(names, f"S{max([1, *map(len, names)])}"),
        "sizes": np.array([tag.size or (0, 0) for tag in tags], np.int64).reshape(-1, 2),
        "depths": np.array([tag.depth for tag in tags], np.int64),
    }
    if tags and tags[0].nonce is not None:
        found["nonces"] = np.frombuffer(b"".join(tag.nonce or b"" for tag in tags), np.uint8).reshape(-1, 16)
    return arrays.dump(found | {"about": np.array(about.pop() if about else b"")})


def unpack(data: bytes) -> dict[str, Packed]:
    """The images of a file by name. Raises BadImage for what is no such file."""
    held = arrays.load(data)
    try:
        groups = [held.pop("images")] if "images" in held else []
        while f"images_{len(groups)}" in held:
            groups.append(held.pop(f"images_{len(groups)}"))
        which, names, sizes, depths, about = (held.pop(k) for k in ("which", "names", "sizes", "depths", "about"))
        nonces = held.pop("nonces", None)
        n = len(names)
        _need(not held, f"an unknown member {min(held, default='')!r}")
        _need(all(g.ndim == 4 and g.dtype in _DTYPES for g in groups), "images that are no cipher images")
        _need(which.shape == depths.shape == names.shape == (n,) and sizes.shape == (n, 2), "arrays of unequal length")
        _need(nonces is None or (nonces.shape == (n, 16) and nonces.dtype == np.uint8), "nonces of another size")
        counts = np.bincount(which, minlength=len(groups)).tolist()
        _need(counts == [len(g) for g in groups], "images that are not listed")
        paths = [bytes(name).decode("utf-8", "surrogateescape") for name in names]
        _need(len(set(paths)) == n and "" not in paths, "names that are empty or come twice")
        _need(not any(_astray(path) for path in paths), "names that lead astray")
        base = Tag.from_bytes(about.item()) if n else Tag("")
        rows: list[Iterator[Any]] = [iter(group) for group in groups]
        found = {}
        for i, path in enumerate(paths):
            h, w = (int(d) for d in sizes[i])
            _need(int(depths[i]) in (8, 16) and (h > 0) == (w > 0) and h >= 0, "a depth or size that makes no sense")
            nonce = None if nonces is None else nonces[i].tobytes()
            tag = replace(base, nonce=nonce, size=(h, w) if h else None, depth=int(depths[i]))
            found[path] = Packed(next(rows[which[i]]), tag)
        return found
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(f"the .npz file holds no cipher images as imveil writes them: {error}") from error


class _Line(NamedTuple):
    path: str
    sha256: str


@dataclass
class _Writer(Writer):
    file: str
    held: dict[str, tuple[Any, Tag]] = field(default_factory=dict)

    def add(self, path: str, image: Any, tag: Tag) -> None:
        self.held[path] = image, tag

    def drop(self, path: str) -> None:
        del path

    def close(self, paths: Sequence[str]) -> tuple[Shard, bytes]:
        data = pack([(path, *self.held[path]) for path in paths])
        digest = hashlib.sha256(data).hexdigest()
        return Shard(file=self.file, count=len(paths), bytes=len(data), sha256=digest), data


@dataclass
class _Opened(Opened):
    lines: Sequence[Listed]
    found: dict[str, Packed]

    def read(self, lines: Sequence[Listed]) -> Iterator[Packed | StoreProblem]:
        return (self.found[line.path] for line in lines)


def _astray(path: str) -> bool:
    return path.startswith("/") or "\0" in path or bool({"", ".", ".."} & set(path.split("/")))


def _need(true: bool, what: str) -> None:
    if not true:
        raise BadImage(f"the .npz file holds {what}")


CONTAINER = Npz()

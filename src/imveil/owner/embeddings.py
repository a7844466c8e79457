"""Pictures of a source as rows of an encoder's numbers, each computed once and kept at the owner's.

The cache is a file for each encoder and precision, for its owner alone (0600): records of a picture's SHA-256 and its
numbers, appended as they come. A run that is killed goes on; a record that was cut off is dropped.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDestination
from imveil.owner.encoders.base import Encoder
from imveil.owner.picture import Picture
from imveil.owner.sources.base import Source

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Progress = Callable[[int, int], None]
_AT_ONCE = 256


class Embedded(NamedTuple):
    """Attributes
    ----------
    numbers
        (n, width) float32.
    digests
        SHA-256 of each picture's pixels, 32 bytes.
    """

    numbers: F32
    digests: list[bytes]


class Cost(NamedTuple):
    """What encoding would take.

    Attributes
    ----------
    seconds
        Of this machine.
    bytes
        Of the cache.
    """

    pictures: int
    known: int
    seconds: float
    bytes: int


class Cache:
    """Numbers of pictures under one encoder, by digest. folder: where its file lies, None for none at all."""

    def __init__(self, encoder: Encoder, folder: Path | None) -> None:
        facts = encoder.facts
        self.width, self._size = facts.width, 32 + 4 * facts.width
        self._where: dict[bytes, int] = {}
        self.path = folder and folder / f"{facts.name}-{facts.weights[:16]}-{encoder.precision}.embeddings"
        if self.path is not None:
            self._open(self.path)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._where

    def get(self, digests: Sequence[bytes]) -> F32:
        """(n, width) of pictures that are in it."""
        found: F32 = np.empty((len(digests), self.width), np.float32)
        if self.path is not None and len(digests):
            held = np.memmap(self.path, np.uint8, "r")
            for i, digest in enumerate(digests):
                at = self._where[digest] * self._size + 32
                found[i] = held[at : at + 4 * self.width].view(np.float32)
        return found

    def put(self, digests: Sequence[bytes], numbers: F32) -> None:
        """Append pictures that are not in it."""
        if self.path is None:
            return
        data = b"".join(d + row.astype("<f4").tobytes() for d, row in zip(digests, numbers, strict=True))
        try:
            with open(self.path, "ab", buffering=0) as file:
                file.write(data)
        except OSError as error:
            raise BadDestination(f"{self.path} cannot be written: {error.strerror or error}") from error
        for digest in digests:
            self._where[digest] = len(self._where)

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            whole = path.stat().st_size // self._size
            if path.stat().st_size % self._size:  # a run was killed while it wrote
                os.truncate(path, whole * self._size)
            held = np.memmap(path, np.uint8, "r").reshape(-1, self._size) if whole else np.zeros((0, self._size))
        except OSError as error:
            raise BadDestination(f"{path} cannot be written: {error.strerror or error}") from error
        for i in range(whole):
            self._where.setdefault(held[i, :32].tobytes(), i)


def embed(
    source: Source, which: Sequence[int], encoder: Encoder, folder: Path | None, progress: Progress = lambda *_: None
) -> Embedded:
    """The numbers of the pictures `which` of a source, in that order; what the cache lacks is computed.

    Raises BadImage with the path of a picture that cannot be read.
    """
    cache = Cache(encoder, folder)
    numbers: F32 = np.empty((len(which), encoder.facts.width), np.float32)
    digests: list[bytes] = []
    for at, pictures in _read(source, which):
        found = [picture_digest(picture) for picture in pictures]
        new = {d: p for d, p in zip(found, pictures, strict=True) if d not in cache}
        made = dict(zip(new, encoder.embed([*map(plain, new.values())]), strict=True)) if new else {}
        cache.put(list(made), np.stack(list(made.values())) if made else numbers[:0])
        old = [i for i, d in enumerate(found) if d not in made]
        numbers[[at + i for i in old]] = cache.get([found[i] for i in old])
        for i, digest in enumerate(found):
            if digest in made:
                numbers[at + i] = made[digest]
        digests += found
        progress(len(digests), len(which))
    return Embedded(numbers, digests)


def estimate(source: Source, which: Sequence[int], encoder: Encoder, folder: Path | None, sample: int = 32) -> Cost:
    """What `embed` would cost, from a few pictures spread over the source. Nothing is written."""
    chosen = [which[i * len(which) // sample] for i in range(min(sample, len(which)))] if len(which) > sample else which
    cache = Cache(encoder, folder if folder and folder.is_dir() else None)
    pictures = [source.read(i) for i in chosen]
    known = sum(picture_digest(p) in cache for p in pictures)
    encoder.embed([plain(pictures[0])])  # the first is slower: tables are filled
    began = time.perf_counter()
    encoder.embed([plain(p) for p in pictures])
    each = (time.perf_counter() - began) / max(1, len(pictures))
    share = known / max(1, len(pictures))
    left = round(len(which) * (1 - share))
    return Cost(len(which), len(which) - left, each * left, left * (32 + 4 * encoder.facts.width))


def picture_digest(picture: Picture) -> bytes:
    """SHA-256 of a picture's shape, depth and pixels."""
    head = f"{picture.pixels.shape} {picture.depth}\n".encode()
    return hashlib.sha256(head + np.ascontiguousarray(picture.pixels).tobytes()).digest()


def plain(picture: Picture) -> U8:
    """The picture in 8 bits: of 16 the high byte, which is the left half."""
    pixels = picture.pixels
    return pixels if picture.depth == 8 else np.ascontiguousarray(pixels[:, : pixels.shape[1] // 2])


def _read(source: Source, which: Sequence[int]) -> Iterator[tuple[int, list[Picture]]]:
    for at in range(0, len(which), _AT_ONCE):
        part: Iterable[int] = which[at : at + _AT_ONCE]
        yield at, [source.read(i) for i in part]

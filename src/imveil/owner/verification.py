"""Verify a cipher data set that comes back from a cloud: is it what its owner wrote, and if not, where is it not?

The digests in a data set tell accidents. Against a cloud that alters pictures and digests alike, the owner's key tells:
`imveil.auth` is the manifest sealed under it; the manifest has a digest of every shard, which has one of every image.
Where a shard is another than it was, the sealed table says which pictures belong there and in what order, and what
each must decrypt to. An older data set of the same owner, put back whole, is genuine: compare the digest that is told.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import imveil
from imveil.errors import BadManifest, ImveilError, StoreProblem
from imveil.keys.key import Key
from imveil.owner.decryption import check_key, expected, read_table
from imveil.owner.shards.sealed_table import Check, Row, checks
from imveil.owner.shards.sealing import AUTH, unseal
from imveil.schemes.base import Cipher, Scheme
from imveil.store.containers.base import Opened, Packed
from imveil.store.manifest import ALL, FILE, NAMES, Manifest, Shard, read_manifest
from imveil.store.sets import CipherSet

_SEARCHED = 10  # altered images of a shard that are compared with every other picture
_BESIDE = {FILE, NAMES, AUTH, "rejected.jsonl"}


@dataclass(frozen=True)
class Verdict:
    """What came of it. images: that the manifest counts; sha256: of the manifest; proven: whether by the owner's key.

    wrong: a line for everything that is not as it was written; none where all is well.   left_out: pictures that were
    left out when the set was made.
    """

    images: int
    sha256: str
    proven: bool
    wrong: list[str]
    left_out: int = 0


class _Picture:
    """One picture as the sealed table has it: its id, the path of its cipher image, its row."""

    def __init__(self, id: str, path: str, row: Row) -> None:
        self.id, self.path, self.row = id, path, row

    def __str__(self) -> str:
        return f"{self.path} ({self.id})"


def verify_set(source: str | Path, key: Key | None = None) -> Verdict:
    """Read every byte of the cipher data set in the folder `source`.

    key: the owner's; without it only digests are compared, which a forger would have made fit. Raises WrongKey with
    both fingerprints, and BadManifest where there is no manifest at all, or no proof of it.
    """
    home = Path(source)
    if key is None:
        manifest = read_manifest(home)
        cipher_set = CipherSet(home, manifest)
        return Verdict(manifest.count, manifest.sha256, False, list(_altered(cipher_set, {})), manifest.rejected)
    wrong: list[str] = []
    try:
        found: Manifest | None = read_manifest(home)
    except BadManifest as error:
        found = None
        wrong.append(error.message)
    if found is not None:
        check_key(key, found.fingerprint, str(home))
    manifest = _proof(home, key)
    wrong += _differences(home, found, manifest)
    cipher_set = CipherSet(home, manifest)
    try:
        table = read_table(cipher_set, key)
        ids, paths = expected(cipher_set, table, key)
    except BadManifest as error:
        wrong += [error.message, *_altered(cipher_set, {})]
        return Verdict(manifest.count, manifest.sha256, True, wrong, manifest.rejected)
    pictures = [_Picture(*facts) for facts in zip(ids, paths, table.rows, strict=True) if facts[2].mac is not None]
    looker = _Looker(cipher_set, found, pictures, key, checks(table.version, key), table.keep_names)
    wrong += looker.wrong()
    return Verdict(manifest.count, manifest.sha256, True, wrong, manifest.rejected)


def _proof(home: Path, key: Key) -> Manifest:
    """The manifest as the owner wrote it."""
    try:
        sealed = (home / AUTH).read_bytes()
    except OSError as error:
        if not (home / FILE).exists():
            read_manifest(home)  # says what is not there
        raise BadManifest(
            f"{home / AUTH} cannot be read: {error.strerror or error}; without it nothing can be proven",
            hint="sets that were made before it came have none: decrypt checks each picture",
        ) from error
    return Manifest.from_bytes(unseal(sealed, key, "manifest", str(home / AUTH)), AUTH)


def _differences(home: Path, found: Manifest | None, manifest: Manifest) -> Iterator[str]:
    """What the manifest in the folder says, where its owner said otherwise."""
    if found is None or found.sha256 == manifest.sha256:
        return
    for name in type(manifest).model_fields:
        now, was = getattr(found, name), getattr(manifest, name)
        if now != was and name not in ("shards", "sha256"):
            yield f"{home / FILE} says {name} {now!r}, its owner wrote {was!r}"
    files = {shard.file for shard in manifest.shards}
    yield from (f"{home / s.file} was added to the manifest" for s in found.shards if s.file not in files)
    yield f"{home / FILE} is not the one that its owner wrote"


def _altered(cipher_set: CipherSet, names: dict[str, str]) -> Iterator[str]:
    """Every image whose digest is not the one in its shard, and every shard that is not the one in the manifest."""
    for shard in cipher_set.manifest.shards:
        try:
            cipher_set.container.verify(cipher_set.path, shard)
            continue
        except StoreProblem as error:
            told = error.message
        try:
            opened = cipher_set.container.open(cipher_set.path, shard)
            each = [found.message for found in opened.read(opened.lines) if isinstance(found, StoreProblem)]
        except StoreProblem as error:
            each = [error.message]
        for line in each or [told]:
            path = next((path for path in names if path in line), "")
            yield f"{line} ({names[path]})" if path else line


@dataclass(frozen=True)
class _Looker:
    """Compares what lies there with what its owner wrote. found: the manifest that lies there."""

    cipher_set: CipherSet
    found: Manifest | None
    pictures: list[_Picture]
    key: Key
    check: Check
    keep_names: bool

    def wrong(self) -> Iterator[str]:
        """A line for everything that is not as it was."""
        home, store = self.cipher_set.path, self.cipher_set.container
        listed: list[str] = []
        lost: list[_Picture] = []
        for shard, mine in zip(self.cipher_set.manifest.shards, self._dealt(), strict=True):
            try:
                store.verify(home, shard)
                listed += [picture.path for picture in mine]
                continue
            except StoreProblem as error:
                told = error.message
            opened = self._opened(shard)
            if opened is None:
                yield f"{told}; none of its {len(mine):,} pictures can be trusted"
                listed += [picture.path for picture in mine]
                continue
            paths = [line.path for line in opened.lines]
            listed += paths
            here = Counter(paths)
            lost += [picture for picture in mine if picture.path not in here]
            kept = [path for path in paths if path in {picture.path for picture in mine}]
            if len(here) == len(paths) and kept != [picture.path for picture in mine if picture.path in here]:
                yield f"{home / shard.file} lists its pictures in another order"
            yield from self._contents(opened, mine, told if paths == [picture.path for picture in mine] else "")
        yield from self._places(listed, lost)
        yield from self._strangers()

    def _dealt(self) -> Iterator[list[_Picture]]:
        """The pictures of each shard, in their order: that of the source, or of the names that the key gave."""
        order = self.pictures if self.keep_names else sorted(self.pictures, key=lambda p: p.path.rpartition("/")[2])
        if self.cipher_set.container.by_split:
            splits = list(self.cipher_set.manifest.splits)
            order = sorted(order, key=lambda p: splits.index(p.row.split or ALL))
        at = 0
        for shard in self.cipher_set.manifest.shards:
            yield list(order[at : at + shard.count])
            at += shard.count

    def _opened(self, shard: Shard) -> Opened | None:
        """A shard as its owner wrote it, or as it is, whatever its digest; None where it cannot be read at all."""
        home, counts = self.cipher_set.path, {shard.count}
        counts |= {s.count for s in (self.found.shards if self.found else []) if s.file == shard.file}
        with contextlib.suppress(OSError):
            digest = hashlib.sha256((home / shard.file).read_bytes()).hexdigest()
            for one in [shard, *(shard.model_copy(update={"sha256": digest, "count": n}) for n in sorted(counts))]:
                with contextlib.suppress(StoreProblem):
                    return self.cipher_set.container.open(home, one)
        return None

    def _contents(self, opened: Opened, mine: Sequence[_Picture], told: str) -> Iterator[str]:
        """Pictures of this shard that are missing, altered, or another's. told: what is said where none is."""
        known = {picture.path: picture for picture in mine}
        lines = [line for line in opened.lines if line.path in known]
        scheme = imveil.find(self.cipher_set.manifest.scheme, **self.cipher_set.manifest.fields)
        count = 0
        for line, found in zip(lines, opened.read(lines), strict=True):
            picture = known[line.path]
            if isinstance(found, StoreProblem):
                why = f"{found.message} ({picture.id})"
            else:
                why = self._why(scheme, found, picture, search=count < _SEARCHED)
            count += bool(why)
            if why:
                yield why
        if told and not count:
            yield told

    def _why(self, scheme: Scheme, found: Packed, picture: _Picture, search: bool) -> str:
        """How an image is not the one that was encrypted; nothing where it is, or nobody can tell."""
        tag = found.tag
        if tag is None:
            return f"{picture}: has no tag"
        if not scheme.traits.invertible:
            return ""
        try:
            cipher = Cipher(found.image[None], None if tag.nonce is None else [tag.nonce], tag.size)
            pixels = scheme.decrypt(cipher, self.key)[0]
        except ImveilError as error:
            return f"{picture}: {error.message}"
        if self.check(picture.id, pixels, tag.depth) == picture.row.mac:
            return ""
        for other in self.pictures if search else ():
            if other.row.mac == self.check(other.id, pixels, tag.depth):
                return f"{picture}: is the picture of {other.id}"
        return f"{picture}: was altered, it decrypts to another picture"

    def _places(self, listed: Sequence[str], lost: Sequence[_Picture]) -> Iterator[str]:
        known, count = {picture.path: picture for picture in self.pictures}, Counter(listed)
        yield from (f"{picture}: is missing" for picture in lost if picture.path not in count)
        yield from (f"{picture}: lies in another shard" for picture in lost if picture.path in count)
        yield from (f"{known.get(path, path)}: is listed {n} times" for path, n in count.items() if n > 1)
        yield from (f"{path}: was added" for path in count if path not in known)

    def _strangers(self) -> Iterator[str]:
        """Files that are no part of the set: a program that reads folders would take them for pictures."""
        home = self.cipher_set.path
        known = _BESIDE | {shard.file for shard in self.cipher_set.manifest.shards}
        known |= {picture.path for picture in self.pictures}
        for folder, _, files in os.walk(home):
            for file in sorted(files):
                path = (Path(folder) / file).relative_to(home).as_posix()
                if path not in known:
                    yield f"{home / path} is no part of the data set"

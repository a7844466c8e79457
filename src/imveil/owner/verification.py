"""Verify a cipher data set that comes back from a cloud: is it what its owner wrote, and if not, where is it not?

The digests in a data set tell accidents. Against a cloud that alters pictures and digests alike, the owner's key tells:
`imveil.auth` is the manifest sealed under it; the manifest has a digest of every shard, which has one of every image.
Where a shard is another than it was, the sealed table says which pictures belong there and in what order, and what
each must decrypt to. An older data set of the same owner, put back whole, is genuine: compare the digest that is told.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imveil.errors import BadManifest, ImveilError, StoreProblem
from imveil.keys.key import Key
from imveil.owner.shards.contents import Contents, Own, contents, named
from imveil.owner.shards.proof import differences, proof
from imveil.owner.shards.sealed_table import Check, Row, checks, pixel_digest
from imveil.owner.shards.sealing import AUTH
from imveil.owner.shards.strangers import strangers
from imveil.schemes.base import Cipher, Scheme
from imveil.store.containers.base import Opened, Packed
from imveil.store.files import read_regular
from imveil.store.manifest import FILE, MOST, NAMES, REJECTED, Manifest, Shard, read_manifest
from imveil.store.sets import CipherSet

MOST_LINES = 20
_SEARCHED = 10  # altered images that are compared with every other picture


@dataclass(frozen=True)
class Verdict:
    """What came of it.

    Attributes
    ----------
    images
        That the manifest counts.
    sha256
        Of the manifest.
    proven
        Whether by the owner's key.
    wrong
        A line for each of the first things that are not as they were written; none where all is well.
    left_out
        Pictures that were left out when the set was made.
    count
        Of all these things.
    """

    images: int
    sha256: str
    proven: bool
    wrong: list[str]
    left_out: int = 0
    count: int = 0

    @classmethod
    def of(cls, manifest: Manifest, proven: bool, lines: Iterable[str]) -> Verdict:
        """The verdict on a data set, of what is wrong with it."""
        wrong, count = list[str](), 0
        for line in lines:
            count += 1
            if count <= MOST_LINES:
                wrong.append(line)
        return cls(manifest.count, manifest.sha256, proven, wrong, manifest.rejected, count)


@dataclass(frozen=True)
class _Picture:
    """One picture as the sealed table has it: its id, the path of its cipher image, its row."""

    id: str
    path: str
    row: Row

    def __str__(self) -> str:
        return f"{self.path} ({self.id})"


def verify_set(source: str | Path, key: Key | None = None, *, scheme: Own = None) -> Verdict:
    """Read every byte of the cipher data set in the folder `source`, and look at every entry there.

    Parameters
    ----------
    key
        The owner's; without it only digests are compared, which a forger would have made fit.
    scheme
        Where the set names one that is not installed, as for `decrypt_set`.

    Raises
    ------
    WrongKey
        With both fingerprints.
    BadManifest
        Where there is no manifest at all, or no proof of it.
    """
    home = Path(source)
    if key is None:
        manifest = read_manifest(home)
        return Verdict.of(manifest, False, _without_key(CipherSet(home, manifest)))
    found = proof(home, key)
    if found is None:
        if not (home / FILE).exists():
            read_manifest(home)  # says what is not there
        raise BadManifest(
            f"{home / AUTH} is not there; without it nothing can be proven",
            hint="sets that were made before it came have none: decrypt checks each picture",
        )
    return Verdict.of(found, True, _with_key(CipherSet(home, found), key, scheme))


def _without_key(cipher_set: CipherSet) -> Iterator[str]:
    """What the digests of a set tell, and who is no part of it."""
    paths: set[str] = set()
    for shard in cipher_set.manifest.shards:
        yield from _altered(cipher_set, shard)
        with contextlib.suppress(StoreProblem):
            paths |= {path for path, _ in cipher_set.container.files(cipher_set.path, shard)}
    yield from _beside(cipher_set, paths)


def _with_key(cipher_set: CipherSet, key: Key, scheme: Own = None) -> Iterator[str]:
    """What is not as its owner wrote it."""
    home, manifest = cipher_set.path, cipher_set.manifest
    yield from differences(home, manifest)
    try:
        held = contents(cipher_set, key)
    except BadManifest as error:
        yield error.message
        yield from _without_key(cipher_set)
        return
    looker = _Looker.of(cipher_set, held, key, scheme)
    yield from looker.wrong()
    files = {picture.path for picture in looker.pictures} if cipher_set.container.suffix == "sha256" else set()
    yield from _beside(cipher_set, files | {shard.file for shard in manifest.shards})


def _beside(cipher_set: CipherSet, files: set[str]) -> Iterator[str]:
    """The list of rejects, and who is no part of the set. files: of its shards."""
    home, manifest = cipher_set.path, cipher_set.manifest
    known = files | {shard.file for shard in manifest.shards} | {FILE, NAMES, AUTH}
    if manifest.rejects is not None:
        known.add(REJECTED)
        yield from _rejects(home, manifest.rejects)
    elif manifest.version == 1 and manifest.rejected:  # from before there was a digest of it
        known.add(REJECTED)
    yield from strangers(home, known)


def _rejects(home: Path, sha256: str) -> Iterator[str]:
    try:
        found = hashlib.sha256(read_regular(home / REJECTED, MOST)).hexdigest()
    except OSError as error:
        yield f"{home / REJECTED} cannot be read: {error.strerror or error}"
        return
    if found != sha256:
        yield f"{home / REJECTED} was altered: its SHA-256 should be {sha256}, it is {found}"


def _altered(cipher_set: CipherSet, shard: Shard) -> Iterator[str]:
    """Every image of a shard whose digest is not the one there, or that the shard is not the one in the manifest."""
    home, store = cipher_set.path, cipher_set.container
    try:
        store.verify(home, shard)
        return
    except StoreProblem as error:
        told = error.message
    try:
        opened = store.open(home, shard)
        each = [found.message for found in opened.read(opened.lines) if isinstance(found, StoreProblem)]
    except StoreProblem as error:
        each = [error.message]
    yield from each or [told]


@dataclass
class _Looker:
    """Compares what lies there with what its owner wrote. shards: the pictures of each."""

    cipher_set: CipherSet
    pictures: list[_Picture]
    shards: list[list[_Picture]]
    key: Key
    check: Check
    own: Own = None
    searched: int = field(default=0)

    @classmethod
    def of(cls, cipher_set: CipherSet, held: Contents, key: Key, own: Own = None) -> _Looker:
        """For a set and what it holds."""
        table = held.table
        every = {
            i: _Picture(id, path, row)
            for i, (id, path, row) in enumerate(zip(held.ids, held.paths, table.rows, strict=True))
            if row.mac is not None
        }
        shards = [[every[i] for i in places] for places in held.shards]
        return cls(cipher_set, list(every.values()), shards, key, checks(table.version, key), own)

    def wrong(self) -> Iterator[str]:
        """A line for everything that is not as it was."""
        home, store = self.cipher_set.path, self.cipher_set.container
        listed: list[str] = []
        lost: list[_Picture] = []
        for shard, mine in zip(self.cipher_set.manifest.shards, self.shards, strict=True):
            own = [picture.path for picture in mine]
            try:
                store.verify(home, shard)
                listed += own
                continue
            except StoreProblem as error:
                told = error.message
            opened, believed = self._opened(shard)
            if opened is None:
                yield f"{told}; none of its {len(mine):,} pictures can be trusted"
                listed += own
                continue
            paths = [line.path for line in opened.lines]
            listed += paths
            here, known = Counter(paths), set(own)
            lost += [picture for picture in mine if picture.path not in here]
            kept = [path for path in paths if path in known]
            if len(here) == len(paths) and kept != [path for path in own if path in here]:
                yield f"{home / shard.file} lists its pictures in another order"
            yield from self._contents(opened, mine, told if paths == own else "", believed)
        yield from self._places(listed, lost)

    def _opened(self, shard: Shard) -> tuple[Opened | None, bool]:
        """A shard as its owner wrote it, or as it is, and which; None where it cannot be read at all."""
        for believed in (True, False):
            with contextlib.suppress(StoreProblem):
                opened = self.cipher_set.container.open(self.cipher_set.path, shard, believed=believed)
                return opened if opened.lines or not shard.count else None, believed
        return None, False

    def _contents(self, opened: Opened, mine: Sequence[_Picture], told: str, believed: bool) -> Iterator[str]:
        """Pictures of this shard that are missing, altered, or another's. told: what is said where none is."""
        known = {picture.path: picture for picture in mine}
        lines = [line for line in opened.lines if line.path in known]
        scheme = named(self.cipher_set.manifest.scheme, self.cipher_set.manifest.fields, self.own)
        well = True
        for line, found in zip(lines, opened.read(lines), strict=True):
            picture = known[line.path]
            if isinstance(found, StoreProblem):
                why = f"{found.message} ({picture.id})"
            elif self.cipher_set.container.lossy:
                why = "" if believed else f"{picture}: nothing proves it, as the list of its digest was altered"
            else:
                why = self._why(scheme, found, picture)
            if why:
                well = False
                yield why
        if told and well:
            yield told

    def _why(self, scheme: Scheme, found: Packed, picture: _Picture) -> str:
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
        digest = pixel_digest(pixels)
        if self.check(picture.id, pixels, tag.depth, digest) == picture.row.mac:
            return ""
        self.searched += 1
        for other in self.pictures if self.searched <= _SEARCHED else ():
            if other.row.mac == self.check(other.id, pixels, tag.depth, digest):
                return f"{picture}: is the picture of {other.id}"
        return f"{picture}: was altered, it decrypts to another picture"

    def _places(self, listed: Sequence[str], lost: Sequence[_Picture]) -> Iterator[str]:
        known, count = {picture.path: picture for picture in self.pictures}, Counter(listed)
        yield from (f"{picture}: is missing" for picture in lost if picture.path not in count)
        yield from (f"{picture}: lies in another shard" for picture in lost if picture.path in count)
        yield from (f"{known.get(path, path)}: is listed {n} times" for path, n in count.items() if n > 1)
        yield from (f"{path}: was added" for path in count if path not in known)

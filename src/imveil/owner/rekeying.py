"""Re-key a cipher data set: the same pictures under another key, without the pictures.

Where a scheme is a plan, old and new key give one plan, `new @ ~old`, which turns each cipher image into the other: no
plain pixel comes into being, in memory or on disk. Other schemes pass through memory, never through a file.
Names, classes, depths and checks come from the sealed table. All else is `encrypt_set`, so a run that was interrupted
goes on, and with one key for the data set the result is that of a fresh encryption, byte for byte. Where each image has
a key of its own its nonce becomes

    first 16 bytes of HMAC-SHA256(new key.derive(scheme id, "nonce"), "rekey" || old nonce)

since the nonce of a fresh encryption depends on the pixels.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from imveil.errors import BadImage, BadManifest, ImveilError, KeyProblem, StoreProblem
from imveil.keys.key import Key
from imveil.owner.encryption import container_of, encrypt_set
from imveil.owner.run import pool
from imveil.owner.run.place import apart
from imveil.owner.run.progress import Reject, Report, Watch, writing
from imveil.owner.run.scratch import read as read_aside
from imveil.owner.run.scratch import scratch
from imveil.owner.shards.contents import Contents, Own, contents, find_scheme
from imveil.owner.shards.proof import owned
from imveil.owner.shards.reading import ShardReader, check_tag
from imveil.owner.shards.sealed_table import VERSION, Row, pixel_check
from imveil.owner.shards.sealing import AUTH, seal, unseal
from imveil.owner.shards.writing import EncryptShard, Todo
from imveil.plans.steps import from_one_to_other
from imveil.schemes.base import Cipher, Scheme
from imveil.store.containers.base import Packed
from imveil.store.files import read_regular
from imveil.store.manifest import MOST, REJECTED
from imveil.store.sets import CipherSet
from imveil.store.tag import Tag

LEFT_OUT = "it was left out when it was encrypted"
_PURPOSE = "rekey"


def rekey_set(
    source: str | Path,
    destination: str | Path,
    old: Key,
    new: Key,
    *,
    scheme: Own = None,
    workers: int | None = None,
    engine: pool.Engine = pool,
    progress: Watch | None = None,
) -> Report:
    """The cipher data set `source`, which is under `old`, under `new` in the folder `destination`.

    Cipher images that were altered are left out and reported. Those that were left out when the data set was encrypted
    still are, which is no news and not in the report. Raises WrongKey with both fingerprints, BadManifest where
    the manifest is not its owner's or the table is an old one, NotInvertible, BadDestination.
    """
    cipher_set, wrong, proven = owned(Path(source), old)
    manifest = cipher_set.manifest
    if not proven:
        raise BadManifest(
            f"{Path(source) / AUTH} is not there; without it nothing is proven",
            hint="decrypt the data set, which checks each picture, and encrypt it anew",
        )
    if old == new:
        raise KeyProblem(f"{source} is under key {old.fingerprint} already", hint="imveil keygen makes another key")
    found = find_scheme(manifest.scheme, manifest.fields, scheme)
    held = contents(cipher_set, old)
    table = held.table
    if table.version != VERSION:
        raise BadManifest(
            f"the sealed table of {source} is of version {table.version}, which cannot be carried to another key",
            hint="decrypt the data set and encrypt it anew",
        )
    apart(Path(source), Path(destination))
    with writing(Path(destination)), scratch(cipher_set, Path(destination), new, workers, engine) as aside:
        report = encrypt_set(
            Ciphers.of(cipher_set, held, old, new, aside, found),
            destination,
            found,
            new,
            keep_names=table.keep_names,
            hide_labels=table.hide_labels,
            container=container_of(manifest),
            workers=workers,
            engine=engine,
            make=make,
            progress=progress,
        )
    left_out = [reject for reject in report.rejected if table.rows[reject.at].mac is not None]
    notes = report.notes
    if through_memory(manifest.scheme, manifest.fields, scheme):
        notes = [f"{manifest.scheme} is no plan: plain pictures pass through memory", *notes]
    return replace(report, rejected=left_out, wrong=wrong, notes=notes)


def through_memory(id: str, fields: Mapping[str, Any], own: Own = None) -> bool:
    """Whether re-keying images of this scheme makes plain pictures in memory. Raises NotInvertible.

    >>> through_memory("negpos/1", {}), through_memory("orthogonal/1", {})
    (False, True)
    """
    scheme = find_scheme(id, fields, own)
    tile, channels = scheme.traits.tile, (scheme.traits.channels or (3,))[0]
    plan = scheme.plan(Key(bytes(32)), (tile, tile, channels))
    return from_one_to_other(plan, plan) is None


class Held(NamedTuple):
    """A cipher image (h, w, c), its tag, and the check of its picture, as `EncryptShard` takes pictures.

    proven: whether a digest of the owner's speaks for it.
    """

    pixels: Any
    tag: Tag
    check: str
    proven: bool = True

    @property
    def depth(self) -> int:
        """Of the picture."""
        return self.tag.depth


@dataclass(frozen=True)
class Ciphers:
    """A cipher data set as a source: its pictures as the table names them, in the order of the first source.

    Attributes
    ----------
    where
        Shard of each, and the path of its cipher image; None where it was left out.
    why
        The reason then.
    sealed
        The old key under the new one, for the workers: neither is ever pickled. version: of the sealed table.
    aside
        The images in files of their own, where there is a scratch.
    """

    cipher_set: CipherSet
    items: Sequence[Row]
    classes: list[str]
    where: list[tuple[int, int, str] | None]
    why: dict[int, str]
    sealed: bytes
    aside: Path | None = None
    scheme: Scheme | None = None

    @classmethod
    def of(
        cls, cipher_set: CipherSet, held: Contents, old: Key, new: Key, aside: Path | None = None,
        scheme: Scheme | None = None,
    ) -> Ciphers:  # fmt: skip
        """For a set on its owner's word."""
        rows = held.table.rows
        where: list[tuple[int, int, str] | None] = [None] * len(rows)
        for number, places in enumerate(held.shards):
            for position, i in enumerate(places):
                where[i] = number, position, held.paths[i]
        reasons = _reasons(cipher_set)
        why = {i: reasons.get(path, LEFT_OUT) for i, path in enumerate(held.paths) if where[i] is None}
        sealed = seal(old.reveal(), new, _PURPOSE)
        return cls(cipher_set, rows, held.table.classes, where, why, sealed, aside, scheme)

    @property
    def spec(self) -> str:
        """Where it lies."""
        return str(self.cipher_set.path)

    @property
    def splits(self) -> list[str]:
        """In the order of the manifest."""
        return list(self.cipher_set.manifest.splits)

    @property
    def prepared(self) -> dict[str, str]:
        """As the manifest says."""
        return dict(self.cipher_set.manifest.preparation)

    def read(self, at: int) -> Held:
        """The cipher image of one picture. Raises BadImage."""
        place = self.where[at]
        if place is None:
            raise BadImage(self.why[at])
        try:
            found, proven = self._read(*place)
            check_tag(found.tag, place[2], self.cipher_set.manifest, self._scheme)
        except StoreProblem as error:
            raise BadImage(error.message) from error
        assert found.tag is not None
        return Held(found.image, found.tag, self.items[at].mac or "", proven)

    def _read(self, number: int, position: int, path: str) -> tuple[Packed, bool]:
        """An image, and whether a digest speaks for it."""
        held = None if self.aside is None else read_aside(self.aside, number, position, path)
        if held is not None:
            return held, True
        (found,) = self._reader.read(number, [path])
        if isinstance(found, StoreProblem):
            raise found
        return found, self._reader.proven(number, path)

    @cached_property
    def _reader(self) -> ShardReader:
        return ShardReader(self.cipher_set)

    @cached_property
    def _scheme(self) -> Scheme:
        manifest = self.cipher_set.manifest
        return find_scheme(manifest.scheme, manifest.fields, self.scheme)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_reader"}


@dataclass(frozen=True)
class RekeyShard(EncryptShard):
    """The work of one worker. old: the key that the cipher images are under."""

    old: Key = field(kw_only=True)

    def _groups(self, todos: list[Todo], rejects: list[Reject]) -> Iterator[tuple[list[Todo], list[Any]]]:
        """As they lie: each old shard is opened once for a new one."""
        places = self.source.where
        order = sorted(todos, key=lambda todo: (places[todo.at] or (-1,))[0])
        for all_members, all_pictures in super()._groups(order, rejects):
            good = [self._whole(*pair, rejects) for pair in zip(all_members, all_pictures, strict=True)]
            members = [todo for todo, well in zip(all_members, good, strict=True) if well]
            pictures = [picture for picture, well in zip(all_pictures, good, strict=True) if well]
            sizes = {picture.tag.size for picture in pictures}
            for size in sizes:
                chosen = [i for i, picture in enumerate(pictures) if picture.tag.size == size]
                yield [members[i] for i in chosen], [pictures[i] for i in chosen]

    def _whole(self, todo: Todo, picture: Any, rejects: list[Reject]) -> bool:
        """Whether an image is the one that was encrypted. Where its shard was altered only its pixels tell."""
        if picture.proven:
            return True
        tag = picture.tag
        cipher = Cipher(picture.pixels[None], None if tag.nonce is None else [tag.nonce], tag.size)
        try:
            pixels = self.scheme.decrypt(cipher, self.old)[0]
        except ImveilError as error:
            self._reject(rejects, todo, error)
            return False
        if pixel_check(todo.id, pixels, tag.depth) == picture.check:
            return True
        self._reject(rejects, todo, BadImage("it is another picture than was encrypted: it was altered"))
        return False

    def made(self, todos: list[Todo], pictures: list[Any]) -> Iterator[tuple[Any, Tag, str]]:
        """The new cipher images."""
        del todos
        images = np.stack([picture.pixels for picture in pictures])
        shape = self.scheme.plain_shape(images.shape[1:])
        config, fingerprint = self.scheme.config(), self.key.fingerprint
        if not self.scheme.traits.per_image:
            changed = self._turned(self.scheme.plan(self.old, shape), self.scheme.plan(self.key, shape), images)
            for image, picture in zip(changed, pictures, strict=True):
                yield (
                    image,
                    Tag(self.scheme.id, config, fingerprint, None, picture.tag.size, picture.tag.depth),
                    picture.check,
                )
            return
        before = [picture.tag.nonce for picture in pictures]
        nonces = renonce(self.scheme, self.key, before)
        plans = zip(
            self.scheme.image_plans(self.old, before, shape),
            self.scheme.image_plans(self.key, nonces, shape),
            strict=True,
        )
        for i, (old, new) in enumerate(plans):
            tag = Tag(self.scheme.id, config, fingerprint, nonces[i], pictures[i].tag.size, pictures[i].tag.depth)
            yield self._turned(old, new, images[i : i + 1])[0], tag, pictures[i].check

    def _turned(self, old: Any, new: Any, images: Any) -> Any:
        plan = from_one_to_other(old, new)
        return new((~old)(images)) if plan is None else plan(images)


def renonce(scheme: Scheme, new: Key, nonces: Sequence[bytes]) -> list[bytes]:
    """The nonce of each image under `new`."""
    mac = new.derive(scheme.id, "nonce").mac
    return [mac(b"rekey" + nonce)[:16] for nonce in nonces]


def make(
    key: Key,
    source: Ciphers,
    scheme: Scheme,
    root: Path,
    container: str,
    classes: Sequence[str] = (),
    strict: bool = False,
) -> RekeyShard:
    """The work of one worker.

    Parameters
    ----------
    key
        The new one.
    """
    old = Key(unseal(source.sealed, key, _PURPOSE, "the old key"))
    return RekeyShard(key, source, scheme, root, container, classes, strict, old=old)


def _reasons(cipher_set: CipherSet) -> dict[str, str]:
    """Path of the cipher image that is not there -> why, from `rejected.jsonl`, where the manifest has its digest: the
    new set gets no word of anybody else's."""
    found: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        data = read_regular(cipher_set.path / REJECTED, MOST)
        if hashlib.sha256(data).hexdigest() == cipher_set.manifest.rejects:
            for line in data.splitlines():
                facts = json.loads(line)
                found[str(facts["file"])] = str(facts["reason"])
    return found

"""What a cipher data set holds, by its sealed table: which picture belongs where, whatever lies there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from imveil import schemes
from imveil.errors import BadManifest, Mismatch, NotInvertible, UnknownName, brief
from imveil.keys.key import Key
from imveil.owner.shards import labels, names
from imveil.owner.shards.sealed_table import Table
from imveil.schemes.base import Scheme
from imveil.store.files import read_regular
from imveil.store.manifest import ALL, NAMES
from imveil.store.sets import CipherSet

Own = Scheme | str | None  # a scheme that its owner names, in place of what a data set says
_LONGEST = 1 << 15  # bytes of a row: a name of 4,096, escaped


class Contents(NamedTuple):
    """ids, paths: of every row of the table, the path being that of the cipher image.   shards: the places in the table
    of the pictures of each shard, in their order there."""

    table: Table
    ids: list[str]
    paths: list[str]
    shards: list[list[int]]


def contents(cipher_set: CipherSet, key: Key) -> Contents:
    """Who belongs where. Raises BadManifest where there is no table, or it is another data set's."""
    table = read_table(cipher_set, key)
    ids, paths = expected(cipher_set, table, key)
    return Contents(table, ids, paths, _dealt(cipher_set, table, paths))


def read_table(cipher_set: CipherSet, key: Key) -> Table:
    """The sealed table of a data set: classes, and splits, labels and names in the order of the source."""
    file = cipher_set.path / NAMES
    if cipher_set.manifest.names is None:
        raise BadManifest(f"{cipher_set.path} has no table of names, so it cannot be decrypted as a whole")
    try:
        rows = cipher_set.manifest.count + cipher_set.manifest.rejected
        data = read_regular(file, (1 << 20) + _LONGEST * rows)
    except OSError as error:
        raise BadManifest(f"{file} cannot be read: {error.strerror or error}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != cipher_set.manifest.names:
        raise BadManifest(f"{file} was altered: its SHA-256 should be {cipher_set.manifest.names}, it is {found}")
    return Table.opened(data, key, str(file))


def expected(cipher_set: CipherSet, table: Table, key: Key) -> tuple[list[str], list[str]]:
    """Id, and path of the cipher image, of every row of the table. BadManifest where classes are others."""
    seen = labels.hide(table.rows, table.classes, key) if table.hide_labels else (table.rows, table.classes)
    if seen[1] != cipher_set.manifest.classes:
        raise BadManifest(f"the classes of {cipher_set.path} are not those that were sealed")
    ids, extension = names.ids(table.rows, table.classes), cipher_set.container.extension
    return ids, names.cipher_paths(table.rows, table.classes, key, table.keep_names, extension, seen)


def named(id: str, fields: Mapping[str, Any], own: Own = None) -> Scheme:
    """The scheme that a manifest, tag or model names. What it names is looked up, and never opened as a file.

    Parameters
    ----------
    own
        The owner's word for it, "mine.py:Stripes" or a Scheme, where nobody else has that scheme; its file is run.

    Raises
    ------
    UnknownName
    BadField
    Mismatch
        Where `own` is another scheme.
    """
    if own is None:
        try:
            return schemes.known(id, **fields)
        except UnknownName as error:
            hint = f"{error.hint} Where it is in a file of your own, name that as the scheme: mine.py:Name"
            raise UnknownName(error.message, hint=hint) from error
    kind = schemes.kind(own) if isinstance(own, str) else type(own)
    if kind.id != id:
        raise Mismatch(f"{brief(id)} was needed, {own if isinstance(own, str) else kind.id} is {kind.id}")
    return kind.make(**fields)


def find_scheme(id: str, fields: Mapping[str, Any], own: Own = None) -> Scheme:
    """`named`, if it can be decrypted; else NotInvertible with the reason."""
    scheme = named(id, fields, own)
    if not scheme.traits.invertible:
        raise NotInvertible(f"{scheme.id} {scheme.why_not_invertible}")
    return scheme


def _dealt(cipher_set: CipherSet, table: Table, paths: list[str]) -> list[list[int]]:
    """The pictures of each shard: in the order of the source, or of the names that the key gave, split by split where
    the container keeps these apart, in each shard as many as the manifest counts."""
    order = [i for i, row in enumerate(table.rows) if row.mac is not None]
    if not table.keep_names:
        order.sort(key=lambda i: paths[i].rpartition("/")[2])
    if cipher_set.container.by_split:
        place = {split: i for i, split in enumerate(cipher_set.manifest.splits)}
        order.sort(key=lambda i: place.get(table.rows[i].split or ALL, len(place)))
    if len(order) != cipher_set.manifest.count:
        raise BadManifest(
            f"the manifest of {cipher_set.path} counts {cipher_set.manifest.count:,} pictures, its table {len(order):,}"
        )
    shards, at = [], 0
    for shard in cipher_set.manifest.shards:
        shards.append(order[at : at + shard.count])
        at += shard.count
    return shards


__all__ = ["Contents", "Own", "contents", "expected", "find_scheme", "named", "read_table"]

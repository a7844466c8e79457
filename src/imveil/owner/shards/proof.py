"""The owner's word on a cipher data set: `imveil.auth`, the manifest sealed under the key.

Whoever has the key asks it before anything is decoded: then counts, digests, sizes, scheme and fields are the owner's,
and what the cloud put in their place is only named. A set from before there was a proof has none; nothing but the
check of each picture speaks for it then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from imveil.errors import BadManifest, WrongKey, brief
from imveil.keys.key import Key
from imveil.owner.shards.sealing import AUTH, unseal
from imveil.store.files import read_regular
from imveil.store.manifest import FILE, MOST, Manifest, read_manifest
from imveil.store.sets import CipherSet

_NAMED = re.compile(rb'"fingerprint": "([a-z2-7]{4}(?:-[a-z2-7]{4}){3})"')
_MORE, _FEW = 1 << 16, 5  # bytes that another manifest may have more; files that are named
UNPROVEN = f"{AUTH} is not there, so nothing proves what the manifest says; each picture is checked by itself"


class Owned(NamedTuple):
    """A cipher data set as its owner wrote it. wrong: how what lies there is another, a line each; proven: whether its
    owner's key says so."""

    cipher_set: CipherSet
    wrong: list[str]
    proven: bool = True


def owned(home: Path, key: Key) -> Owned:
    """The data set in the folder `home`, on its owner's word where there is one, else on that of its manifest.

    Raises WrongKey with both fingerprints, BadManifest where there is nothing, or what is there does not open.
    """
    manifest = proof(home, key)
    if manifest is None:
        found = read_manifest(home)
        check_key(key, found.fingerprint, str(home))
        return Owned(CipherSet(home, found), [], proven=False)
    return Owned(CipherSet(home, manifest), list(differences(home, manifest)))


def proof(home: Path, key: Key) -> Manifest | None:
    """The manifest as the owner wrote it; None where there is no proof. Raises WrongKey, BadManifest."""
    file = home / AUTH
    try:
        sealed = read_regular(file, MOST + 64)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadManifest(f"{file} cannot be read: {error.strerror or error}") from error
    try:
        data = unseal(sealed, key, "manifest", str(file))
    except BadManifest:
        check_key(key, _named(home) or key.fingerprint, str(home))
        raise
    return Manifest.from_bytes(data, AUTH)


def differences(home: Path, manifest: Manifest) -> Iterator[str]:
    """How the manifest that lies in the folder is another than its owner wrote."""
    try:  # the owner's own is known: one that is far longer is not read
        found = read_manifest(home, 2 * len(manifest.to_bytes()) + _MORE)
    except BadManifest as error:
        yield error.message
        return
    if found.sha256 == manifest.sha256:
        return
    for name in type(manifest).model_fields:
        now, was = getattr(found, name), getattr(manifest, name)
        if now != was and name not in ("shards", "sha256"):
            yield f"{home / FILE} says {name} {brief(now)}, its owner wrote {brief(was)}"
    files = {shard.file for shard in manifest.shards}
    added = [shard.file for shard in found.shards if shard.file not in files]
    yield from (f"{home / file} was added to the manifest" for file in added[:_FEW])
    if added[_FEW:]:
        yield f"{home / FILE} names {len(added) - _FEW:,} more files that were added to it"
    yield f"{home / FILE} is not the one that its owner wrote"


def check_key(key: Key, fingerprint: str, what: str) -> None:
    """Raise WrongKey where `what` was encrypted under another key."""
    if key.fingerprint != fingerprint:
        raise WrongKey(
            f"{what} was encrypted under key {brief(fingerprint).strip(chr(39))}, this is key {key.fingerprint}",
            hint="use the other key",
        )


def _named(home: Path) -> str:
    """The key that the manifest names, of which nothing else is read."""
    try:
        found = _NAMED.search(read_regular(home / FILE, MOST))
    except OSError:
        return ""
    return found[1].decode() if found else ""


__all__ = ["UNPROVEN", "Owned", "check_key", "differences", "owned", "proof"]

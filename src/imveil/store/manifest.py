"""The manifest `imveil.json`: what a cipher data set is, and digests of its bytes. A changed byte is refused.

The file's last member is `sha256`: the digest of all bytes before its own 64 digits, after which nothing but the
fixed end may follow. docs/spec/manifest.md is the format in full. Nothing in a manifest is secret.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imveil.errors import BadManifest, brief
from imveil.store.budget import Budget
from imveil.store.files import here, read_regular, write_file

FILE = "imveil.json"
NAMES = "imveil.names"
REJECTED = "rejected.jsonl"
SEALED = "imveil.sealed"  # what a sealed data set has in its place
FORMAT: Literal["imveil-set"] = "imveil-set"
VERSION: Literal[2] = 2
ALL = "all"  # the split of a data set that has none
_TAIL = re.compile(rb'"sha256": "([0-9a-f]{64})"\n\}\n\Z')
_HIDDEN = re.compile(r"class-[0-9]+")
_SINCE_2 = {"rejects", "class_check", "preparation", "jpeg"}
_HEX = r"^[0-9a-f]{64}$"
MOST = 1 << 26  # bytes of a manifest


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Shard(_Strict):
    """One shard: its file, how many images it has, their bytes in all, and the file's digest, on which all hangs."""

    file: str = Field(pattern=r"^imveil-shard-[0-9]{5,8}(-[A-Za-z0-9_]{1,32})?\.[a-z0-9]{1,16}$")
    count: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_HEX)


class Manifest(_Strict):
    """A cipher data set in facts.

    Version 1, which is read, has none of rejects, class_check, preparation and jpeg.

    Attributes
    ----------
    container
        How images lie on disk, see `container.py`.
    scheme, fields, traits
        What made them.
    fingerprint
        Of the key.
    classes
        Names in the order of the labels 0, 1, ...
    splits
        Name -> number of images; a set without splits has one, "all".
    job
        A keyed digest by which the owner knows the run again.
    rejected
        Source files that were left out.
    names
        Digest of the sealed table, None where there is none.
    rejects
        Of rejected.jsonl, None where there is none.
    class_check
        A keyed digest of the classes, the same wherever the same classes stand under one key, so that hidden labels of
        other classes are told apart.
    preparation
        What was done to the pictures before, as options of `imveil encrypt`.
    jpeg
        Quality and chroma where cipher images are JPEGs.
    sha256
        Filled in by `to_bytes` and `from_bytes`.
    """

    format: Literal["imveil-set"] = FORMAT
    version: Literal[1, 2] = VERSION
    container: str = Field(default="folder", pattern=r"^[a-z0-9-]{1,32}$")
    scheme: str
    fields: dict[str, bool | int | float | str | None] = Field(default_factory=dict)
    traits: dict[str, Any] = Field(default_factory=dict)
    fingerprint: str
    classes: list[str] = Field(default_factory=list)
    splits: dict[str, int]
    shards: list[Shard]
    job: str | None = Field(default=None, pattern=_HEX)
    rejected: int = Field(default=0, ge=0)
    names: str | None = Field(default=None, pattern=_HEX)
    rejects: str | None = Field(default=None, pattern=_HEX)
    class_check: str | None = Field(default=None, pattern=_HEX)
    preparation: dict[str, str] = Field(default_factory=dict)
    jpeg: dict[str, int] | None = None
    sha256: str = ""

    @property
    def count(self) -> int:
        """Images in all splits."""
        return sum(self.splits.values())

    @property
    def hidden(self) -> bool:
        """Whether the names of the classes are hidden: then they are the same whatever they stand for."""
        return bool(self.classes) and all(_HIDDEN.fullmatch(name) for name in self.classes)

    def hides_others(self, class_check: str | None) -> bool:
        """Whether classes are hidden that are not those of `class_check`, the digest under the same key."""
        return self.hidden and None not in (self.class_check, class_check) and self.class_check != class_check

    @property
    def size(self) -> int:
        """Bytes of all images' files."""
        return sum(shard.bytes for shard in self.shards)

    def to_bytes(self) -> bytes:
        """The file's bytes, its own digest at the end."""
        members = self.model_dump(mode="json", exclude={"sha256", *(_SINCE_2 if self.version == 1 else ())})
        text = json.dumps(members, indent=1, allow_nan=False)
        head = f'{text.removesuffix("}").rstrip()},\n "sha256": "'.encode()
        return head + hashlib.sha256(head).hexdigest().encode() + b'"\n}\n'

    @classmethod
    def from_bytes(cls, data: bytes, where: str = FILE) -> Manifest:
        """Read a manifest's bytes; BadManifest, with both values, for one that is altered or of another version.

        >>> good = Manifest(scheme="plain/1", fingerprint="k3xd-7q2a-9fz4-mmwp", splits={"all": 0}, shards=[])
        >>> Manifest.from_bytes(good.to_bytes()).splits
        {'all': 0}
        """
        try:
            members = Budget(len(data)).json(data, _no_repeats)
            found, number = members["format"], members["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise BadManifest(f"{where} is no manifest of imveil, or it is cut off or altered") from error
        if found != FORMAT or type(number) is not int or number not in (1, VERSION):
            raise BadManifest(
                f"{where} must be {FORMAT} version 1 or {VERSION}, it is {brief(found)} version {brief(number)}"
            )
        tail = _TAIL.search(data)
        if tail is None:
            raise BadManifest(f"{where} does not end with its SHA-256: it was altered", hint=_AGAIN)
        said, is_now = tail[1].decode(), hashlib.sha256(data[: tail.start(1)]).hexdigest()
        if said != is_now:
            raise BadManifest(f"{where} was altered: its SHA-256 should be {said}, it is {is_now}", hint=_AGAIN)
        try:
            manifest = cls.model_validate(members)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise BadManifest(f"{where} is malformed at {place}: {first['msg']}") from error
        if number == 1 and _SINCE_2 & members.keys():
            raise BadManifest(f"{where} is malformed: version 1 has no {min(_SINCE_2 & members.keys())}")
        if sum(shard.count for shard in manifest.shards) != manifest.count:
            raise BadManifest(f"{where} counts {manifest.count} images in splits, but not in shards")
        return manifest


_AGAIN = "copy the data set again from where it was made"


def read_manifest(folder: Path, most: int = MOST) -> Manifest:
    """The manifest of the data set in `folder`, of at most `most` bytes.

    Raises BadManifest where there is none, or it cannot be believed.
    """
    path = folder / FILE
    try:
        data = read_regular(path, most)
    except FileNotFoundError as error:
        raise _no_set(folder) from error
    except OSError as error:
        raise BadManifest(f"{path} cannot be read: {error.strerror or error}") from error
    return Manifest.from_bytes(data, str(path))


def _no_set(folder: Path) -> BadManifest:
    """Why there is no data set in a folder, and what to do. Raises BadManifest for an address."""
    here(folder, BadManifest)
    if (folder / SEALED).exists():
        return BadManifest(f"{folder} is sealed", hint=f"open it first: imveil unseal {folder} NEW --key K")
    what = "there is no such folder" if not folder.exists() else f"it has no {FILE}"
    return BadManifest(f"{folder} is no cipher data set: {what}", hint="make one with 'imveil encrypt'")


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write `imveil.json` aside and in its place, and return the manifest with its digest filled in."""
    data = manifest.to_bytes()
    write_file(folder / FILE, data, sync=True)
    return Manifest.from_bytes(data)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member comes twice")
    return found

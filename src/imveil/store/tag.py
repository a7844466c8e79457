"""Tag: what a cipher PNG says of itself in its chunk `imVl`, so that one file alone can be decrypted or refused.

The chunk's data is one JSON object in UTF-8, its members in the order below, without spaces; docs/spec/png.md has
the details. Nothing in it is secret: id and fields of the scheme, the key's fingerprint, the image's nonce, the size
before padding, and the depth of the picture where it is not 8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from imveil.errors import BadImage

CHUNK = b"imVl"
VERSION = 1
LONGEST = 1 << 16
_NAMES = ("format", "scheme", "fields", "key", "nonce", "size", "depth")
_NONCE = re.compile("[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class Tag:
    """What travels with one cipher image.

    Attributes
    ----------
    scheme, fields
        Id and public fields, they name the scheme exactly.
    fingerprint
        Of the key.
    nonce
        16 bytes where every image has a key of its own, else None.
    size
        (h, w) before padding, None when nothing was padded.
    depth
        Bits of a sample of the picture, 8, or 16 where the cipher holds the high bytes left of the low bytes.

    >>> tag = Tag("negpos/1", {"per_image": False}, "k3xd-7q2a-9fz4-mmwp")
    >>> tag.to_bytes()
    b'{"format":1,"scheme":"negpos/1","fields":{"per_image":false},"key":"k3xd-7q2a-9fz4-mmwp"}'
    >>> Tag.from_bytes(tag.to_bytes()) == tag
    True
    """

    scheme: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    nonce: bytes | None = None
    size: tuple[int, int] | None = None
    depth: int = 8

    def to_bytes(self) -> bytes:
        """The chunk's data."""
        return self._data

    @cached_property
    def _data(self) -> bytes:
        # Kept: many images may share one tag.
        members: dict[str, Any] = {
            "format": VERSION,
            "scheme": self.scheme,
            "fields": dict(sorted(self.fields.items())),
            "key": self.fingerprint,
        }
        if self.nonce is not None:
            members["nonce"] = self.nonce.hex()
        if self.size is not None:
            members["size"] = list(self.size)
        if self.depth != 8:
            members["depth"] = self.depth
        return json.dumps(members, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Tag:
        """Read a chunk's data; BadImage for anything that is no tag, or one of another version."""
        if len(data) > LONGEST:
            raise BadImage(f"the chunk imVl has {len(data)} bytes, at most {LONGEST} are allowed")
        try:
            members = json.loads(data.decode(), object_pairs_hook=_no_repeats)
            if type(members) is not dict or "format" not in members:
                raise ValueError("it is no object with a format")
            if members["format"] != VERSION or type(members["format"]) is not int:
                version = repr(members["format"])[:20]
                raise BadImage(f"the chunk imVl has format {version}, this imveil reads format {VERSION}")
            return cls._from_members(members)
        except (ValueError, RecursionError) as error:
            if isinstance(error, BadImage):
                raise
            raise BadImage("the chunk imVl is malformed", hint=str(error)[:100]) from error

    @classmethod
    def _from_members(cls, members: dict[str, Any]) -> Tag:
        unknown = set(members) - set(_NAMES)
        _need(not unknown, f"unknown member {sorted(unknown)[:1]}")
        scheme: Any = members.get("scheme")
        fields: Any = members.get("fields")
        key: Any = members.get("key")
        _need(type(scheme) is str and type(key) is str and type(fields) is dict, "scheme, fields or key is missing")
        plain = (bool, int, float, str, type(None))
        _need(all(type(value) in plain for value in fields.values()), "fields hold plain values only")
        nonce, size, depth = members.get("nonce"), members.get("size"), members.get("depth", 8)
        _need("nonce" not in members or (type(nonce) is str and _NONCE.fullmatch(nonce)), "a nonce is 32 hex digits")
        _need("size" not in members or _is_size(size), "size is [height, width]")
        _need(type(depth) is int and depth in (8, 16), "depth is 8 or 16")
        return cls(scheme, fields, key, bytes.fromhex(nonce) if nonce else None, tuple(size) if size else None, depth)


def _is_size(size: Any) -> bool:
    return type(size) is list and len(size) == 2 and all(type(d) is int and 0 < d < 1 << 31 for d in size)


def _need(true: Any, what: str) -> None:
    if not true:
        raise ValueError(what)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member comes twice")
    return found

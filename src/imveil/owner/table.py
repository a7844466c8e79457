"""The sealed table `imveil.names`: what the cloud must not know and the owner wants back.

Original splits, labels and names in the order of the source, the depth of each picture, and an HMAC of its pixels by
which decryption is checked. Pictures that were rejected stand in it too, without an HMAC.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from imveil.errors import BadManifest
from imveil.keys.key import Key
from imveil.owner.sealing import seal, unseal

PURPOSE = "names"
_HEAD = {"format": "imveil-names", "version": 1}


class Row(NamedTuple):
    """One picture of the source: where it was, the depth of its samples (8, 16), the HMAC of its pixels in hex."""

    split: str | None
    label: int | None
    name: str
    depth: int = 8
    mac: str | None = None


@dataclass(frozen=True)
class Table:
    """All pictures in the order of the source. keep_names: whether cipher images kept their names."""

    classes: list[str]
    keep_names: bool
    rows: list[Row]

    def sealed(self, key: Key) -> bytes:
        """The bytes of `imveil.names`."""
        facts = _HEAD | {"classes": self.classes, "keep_names": self.keep_names, "items": [list(r) for r in self.rows]}
        return seal(json.dumps(facts, separators=(",", ":")).encode(), key, PURPOSE)

    @classmethod
    def opened(cls, sealed: bytes, key: Key, where: str) -> Table:
        """Open `imveil.names`. Raises BadManifest."""
        try:
            facts: dict[str, Any] = json.loads(unseal(sealed, key, PURPOSE, where))
            if {name: facts.get(name) for name in _HEAD} != _HEAD:
                raise BadManifest(f"{where} has version {facts.get('version')!r}, this imveil reads version 1")
            return cls(facts["classes"], facts["keep_names"], [Row(*item) for item in facts["items"]])
        except (ValueError, KeyError, TypeError) as error:
            raise BadManifest(f"{where} is malformed") from error


def pixel_mac(key: Key, id: str, pixels: Any, depth: int) -> str:
    """32 hex digits: the HMAC of one picture, its id, shape (h, w, c) and depth. `key` is the one for pixels."""
    name = id.encode("utf-8", "surrogateescape")
    numbers = (len(name), *pixels.shape, depth)
    head = b"".join(int(n).to_bytes(8, "little") for n in numbers)
    return key.mac(head + name + hashlib.sha256(np.ascontiguousarray(pixels).data).digest())[:16].hex()


def pixel_key(key: Key) -> Key:
    """The key of `pixel_mac`."""
    return key.derive("imveil", "pixels")


def job_digest(key: Key, facts: Sequence[Any]) -> str:
    """A keyed digest of what a run is to do: it tells the owner that a run is the same, and others nothing."""
    return key.derive("imveil", "job").mac(json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()).hex()

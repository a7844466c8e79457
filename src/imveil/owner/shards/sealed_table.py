"""The sealed table `imveil.names`: what the cloud must not know and the owner wants back.

Original splits, labels and names in the order of the source, the depth of each picture, and a check of its pixels,
which decryption has to meet. Pictures that were rejected stand in it too, without a check.

The check is a digest that the table's seal hides: under another key it stays as it is, so that re-keying needs no
pixels. Version 1 had an HMAC under the key instead, and is read too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from imveil.errors import BadManifest
from imveil.keys.key import Key
from imveil.owner.shards.sealing import seal, unseal

PURPOSE = "names"
VERSION = 2
_FORMAT = "imveil-names"
Check = Callable[[str, Any, int, bytes | None], str]  # id, pixels (h, w, c), depth, their digest -> 32 hex digits


class Row(NamedTuple):
    """One picture of the source: where it was, the depth of its samples (8, 16), the check of its pixels in hex."""

    split: str | None
    label: int | None
    name: str
    depth: int = 8
    mac: str | None = None


@dataclass(frozen=True)
class Table:
    """All pictures in the order of the source.

    Attributes
    ----------
    keep_names
        Whether cipher images kept their names.
    hide_labels
        Whether the cloud sees other names of classes, see `labels.py`.
    """

    classes: list[str]
    keep_names: bool
    rows: Sequence[Row]
    hide_labels: bool = False
    version: int = VERSION

    def sealed(self, key: Key) -> bytes:
        """The bytes of `imveil.names`."""
        facts: dict[str, Any] = {"format": _FORMAT, "version": self.version}
        facts |= {"classes": self.classes, "keep_names": self.keep_names}
        if self.hide_labels:
            facts["hide_labels"] = True
        facts["items"] = []
        head = json.dumps(facts, separators=(",", ":")).removesuffix("]}")
        rows = ",".join(
            json.dumps(list(row), separators=(",", ":")) for row in self.rows
        )  # no list of lists: there are
        return seal(f"{head}{rows}]}}".encode(), key, PURPOSE)  # millions

    @classmethod
    def opened(cls, sealed: bytes, key: Key, where: str) -> Table:
        """Open `imveil.names`. Raises BadManifest."""
        try:
            facts: dict[str, Any] = json.loads(unseal(sealed, key, PURPOSE, where))
            if facts.get("format") != _FORMAT or facts.get("version") not in (1, VERSION):
                raise BadManifest(f"{where} has version {facts.get('version')!r}, this imveil reads versions 1 and 2")
            rows = [Row(*item) for item in facts["items"]]
            hide = facts.get("hide_labels", False)
            return cls(facts["classes"], facts["keep_names"], rows, hide, facts["version"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadManifest(f"{where} is malformed") from error


def pixel_check(id: str, pixels: Any, depth: int, digest: bytes | None = None) -> str:
    """32 hex digits: the check of one picture, its id, shape (h, w, c) and depth. Only ever stored sealed.

    Parameters
    ----------
    digest
        `pixel_digest` of it, where it is known already.
    """
    return hashlib.sha256(b"imveil-pixels-2" + _counted(id, pixels, depth, digest)).hexdigest()[:32]


def pixel_digest(pixels: Any) -> bytes:
    """SHA-256 of the samples, row by row. It would tell which picture it is: it stays with the owner, or sealed."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).digest()


def checks(version: int, key: Key) -> Check:
    """What checks the pictures of a table of this version."""
    return pixel_check if version > 1 else partial(_pixel_mac, key.derive("imveil", "pixels"))


def _pixel_mac(key: Key, id: str, pixels: Any, depth: int, digest: bytes | None = None) -> str:
    return key.mac(_counted(id, pixels, depth, digest))[:16].hex()


def _counted(id: str, pixels: Any, depth: int, digest: bytes | None = None) -> bytes:
    name = id.encode("utf-8", "surrogateescape")
    numbers = (len(name), *pixels.shape, depth)
    head = b"".join(int(n).to_bytes(8, "little") for n in numbers)
    return head + name + (digest or pixel_digest(pixels))


def job_digest(key: Key, facts: Sequence[Any]) -> str:
    """A keyed digest of what a run is to do: it tells the owner that a run is the same, and others nothing."""
    return key.derive("imveil", "job").mac(json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()).hex()

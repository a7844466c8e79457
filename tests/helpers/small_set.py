"""A cipher data set of four images, made without the owner's side."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from imveil.store import png, shards
from imveil.store.manifest import Manifest, Shard, write_manifest
from imveil.store.tag import Tag


def write_set(folder: Path, sizes: list[tuple[int, int]] | None = None) -> Path:
    """A set of two shards of two images in two splits, made without the owner's side."""
    held = []
    for number in range(2):
        lines, total = [], 0
        for i in range(2):
            at = 2 * number + i
            h, w = (sizes or [(4, 4)] * 4)[at]
            path = f"{'test' if at == 3 else 'train'}/{'dog' if at % 2 else 'cat'}/{at}.png"
            data = png.encode(np.full((h, w, 3), at, np.uint8), Tag("plain/1", {}, "f"))
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
            lines.append(shards.Line(path, hashlib.sha256(data).hexdigest()))
            total += len(data)
        text = shards.dump(lines)
        (folder / shards.file_name(number)).write_bytes(text)
        digest = hashlib.sha256(text).hexdigest()
        held.append(Shard(file=shards.file_name(number), count=2, bytes=total, sha256=digest))
    facts = {"scheme": "plain/1", "fingerprint": "f", "classes": ["cat", "dog"], "splits": {"train": 3, "test": 1}}
    write_manifest(folder, Manifest(**facts, shards=held))
    return folder

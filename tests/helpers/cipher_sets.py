"""Small cipher data sets for tests of the cloud, written with the store alone: no key, no scheme."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imveil.store import png, shards
from imveil.store.manifest import Manifest, Shard, write_manifest
from imveil.store.tag import Tag

KEY = "k3xd-7q2a-9fz4-mmwp"
OTHER = "aaaa-bbbb-cccc-dddd"


def write_set(
    place: Path,
    *,
    splits: dict[str, int] | None = None,
    classes: int = 3,
    scheme: str = "negpos/1",
    per_image: bool = True,
    fingerprint: str = KEY,
    shape: tuple[int, int, int] = (8, 8, 3),
    skip: int | None = None,
    names: Sequence[str] = (),
    missing: Sequence[tuple[str, int]] = (),
    shapes: Mapping[str, tuple[int, int, int]] | None = None,
    few: Mapping[int, int] | None = None,
) -> Path:
    """Easy pictures: a class is bright in one channel.

    splits: pictures of each class; skip: an empty class; names: of classes, whose brightness goes by the digit at the
    end; missing: splits without a class; shapes: of splits; few: fewer pictures of some classes.
    """
    splits = {"train": 30, "test": 10} if splits is None else splits
    fields, rng = {"per_image": per_image}, np.random.default_rng(7)
    names = list(names) or [f"class{k}" for k in range(classes)]
    lines, total, counts = [], 0, dict.fromkeys(splits, 0)
    for split, each in splits.items():
        for label, name in enumerate(names):
            empty = label == skip or (split, label) in missing
            for number in range(0 if empty else (few or {}).get(label, each)):
                own, look = (shapes or {}).get(split, shape), int(name[-1])
                image = rng.integers(0, 120, own)
                image[..., look % own[2]] += 100 - 30 * (look // own[2])
                data = png.encode(image.astype(np.uint8), Tag(scheme, fields, fingerprint))
                path = f"{name}/{number:03}.png" if split == "all" else f"{split}/{name}/{number:03}.png"
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_bytes(data)
                lines.append(shards.Line(path, hashlib.sha256(data).hexdigest()))
                total += len(data)
                counts[split] += 1
    listed = shards.dump(lines)
    place.mkdir(parents=True, exist_ok=True)
    (place / shards.file_name(0)).write_bytes(listed)
    digest = hashlib.sha256(listed).hexdigest()
    about: dict[str, Any] = {"scheme": scheme, "fields": fields, "traits": {"per_image": per_image}, "classes": names}
    shard = Shard(file=shards.file_name(0), count=len(lines), bytes=total, sha256=digest)
    write_manifest(place, Manifest(fingerprint=fingerprint, splits=counts, shards=[shard], **about))
    return place

"""Scores: how well a model answers a cipher data set, which must be one that it can be scored on.

Classes match by name; pictures of a class that the model does not know are counted apart.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imveil.cloud.data.cipher_dataset import pick_split, pictures_of
from imveil.cloud.data.classes import matched
from imveil.cloud.data.streamed import Streamed
from imveil.cloud.modelfile import Model, ModelInfo
from imveil.cloud.prediction import Score, evaluate
from imveil.errors import Mismatch
from imveil.store.joined import AnySet, open_sets


def opened(info: ModelInfo, ciphers: str | Path, force: bool = False) -> AnySet:
    """A cipher data set that the model can be scored on. Mismatch for one of another scheme or key, unless `force`."""
    cipher_set = open_sets(ciphers)
    manifest = cipher_set.manifest
    if not force:
        info.check(manifest.scheme, manifest.fields, manifest.fingerprint, str(ciphers))
    info.check_classes(manifest, str(ciphers))
    return cipher_set


def scored(model: Model, cipher_set: AnySet, split: str | None = None) -> tuple[Score, str]:
    """The score on a cipher data set, and the split that was taken: "test" where none is named."""
    name = pick_split(cipher_set.manifest.splits, split)
    images, labels = pictures_of(cipher_set, name)
    labels, apart = matched(labels, cipher_set.manifest.classes, model.classes)
    good = labels != -2
    if not good.any():
        raise Mismatch(f"no picture of {name!r} is of a class that the model knows: it has {', '.join(apart)}")
    if apart:
        images = images.cut(good) if isinstance(images, Streamed) else images[good]
    return replace(evaluate(model.net, images, labels[good]), apart=apart), name

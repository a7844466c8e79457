"""Scores: how well a model answers a cipher data set, which must be one that it can be scored on."""

from __future__ import annotations

from pathlib import Path

from imveil.cloud.data.cipher_dataset import pick_split, pictures_of
from imveil.cloud.modelfile import Model, ModelInfo
from imveil.cloud.prediction import Score, evaluate
from imveil.store.joined import AnySet, open_sets


def opened(info: ModelInfo, ciphers: str | Path, force: bool = False) -> AnySet:
    """A cipher data set that the model can be scored on. Mismatch for one of another scheme or key, unless `force`."""
    cipher_set = open_sets(ciphers)
    manifest = cipher_set.manifest
    if not force:
        info.check(manifest.scheme, manifest.fields, manifest.fingerprint, str(ciphers))
    info.check_classes(manifest.classes, manifest.class_check, str(ciphers))
    return cipher_set


def scored(model: Model, cipher_set: AnySet, split: str | None = None) -> tuple[Score, str]:
    """The score on a cipher data set, and the split that was taken: "test" where none is named."""
    name = pick_split(cipher_set.manifest.splits, split)
    return evaluate(model.net, *pictures_of(cipher_set, name)), name

"""What can be learnt from, and one clear line for what cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadShape, TrainingProblem

Images = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]
KINDS = ("uint8", "uint16", "float32")


def check_kind(images: Images) -> None:
    """BadDtype unless pictures are of a kind that cipher images have, BadShape unless they are (n, h, w, c)."""
    if images.dtype not in KINDS:
        raise BadDtype(
            f"pictures must be {', '.join(KINDS[:-1])} or {KINDS[-1]}, got {images.dtype}",
            hint="as the cipher images are, not scaled",
        )
    if images.ndim != 4:
        raise BadShape(f"pictures must be an array (n, h, w, c), got {images.shape}")
    if isinstance(images, np.ndarray) and images.dtype == np.float32 and not np.isfinite(images).all():
        raise BadDtype("pictures hold numbers that are not finite")


def check_alike(images: Images, train: Images, name: str) -> None:
    """BadShape or BadDtype unless the pictures of the part `name` are of the size and kind of those to train on."""
    hint = "encrypt the two parts alike; imveil encrypt --resize, --crop and --channels make pictures so"
    if images.shape[1:] != train.shape[1:]:
        mine, theirs = ("x".join(map(str, part.shape[1:])) for part in (images, train))
        raise BadShape(f"pictures to train on are {theirs}, those of the split {name!r} are {mine}", hint=hint)
    if images.dtype != train.dtype:
        raise BadDtype(
            f"pictures to train on are {train.dtype}, those of the split {name!r} are {images.dtype}", hint=hint
        )


def check_pictures(
    images: Images, labels: I64, classes: int, *, all_classes: bool = True, names: Sequence[str] = ()
) -> None:
    """BadDtype, BadShape or TrainingProblem unless images are pictures (n, h, w, c) and labels fit them.

    Parameters
    ----------
    all_classes
        Every class must have a picture.
    names
        Of the classes, for the message.
    """
    check_kind(images)
    if 0 in images.shape:
        raise BadShape(f"pictures must be an array (n, h, w, c) with something in it, got {images.shape}")
    if not np.issubdtype(labels.dtype, np.integer):
        raise BadDtype(f"labels must be whole numbers, got {labels.dtype}")
    if labels.shape != images.shape[:1]:
        raise BadShape(f"{len(images)} pictures need as many labels, got an array of shape {labels.shape}")
    if classes < 2:
        raise TrainingProblem(f"a classifier needs two classes or more, got {classes}")
    if missing := int((labels == -1).sum()):
        raise TrainingProblem(f"{missing:,} of {len(labels):,} pictures have no label", hint="put them into classes")
    if labels.min() < 0 or labels.max() >= classes:
        raise TrainingProblem(f"labels must lie in 0..{classes - 1}, got {labels.min()}..{labels.max()}")
    empty = np.flatnonzero(np.bincount(labels, minlength=classes) == 0)
    if all_classes and len(empty):
        which = ", ".join(names[k] if names else str(k) for k in empty[:10]) + (", ..." if len(empty) > 10 else "")
        raise TrainingProblem(f"{len(empty)} of {classes} classes have no picture to train on: {which}")

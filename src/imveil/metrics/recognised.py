"""Semantic leak: whether a classifier of plain pictures still recognises what is in a reconstruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imveil.errors import BadShape
from imveil.metrics.base import F64, U8, Metric, checked


def recognised(guess: U8, labels: Any, classify: Callable[[U8], Any]) -> F64:
    """1 where the classifier names the right class, else 0, one per guess.

    Parameters
    ----------
    guess
        (n, h, w, c).
    labels
        (n,) integers.
    classify
        (n, h, w, c) uint8.

    Returns
    -------
    (n,) classes, for example `imveil.lab.clean.resnet(20)`, a public ResNet-20 for CIFAR-10

    >>> grey = np.full((2, 4, 4, 3), 128, np.uint8)
    >>> recognised(grey, [0, 1], lambda images: np.zeros(len(images), np.int64))
    array([1., 0.])
    """
    wanted = np.asarray(labels)
    if wanted.shape != (len(checked(guess, "guesses")),):
        raise BadShape(f"{len(guess)} guesses need as many labels, got {wanted.shape}")
    found = np.asarray(classify(guess)) if len(guess) else wanted
    if found.shape != wanted.shape:
        raise BadShape(f"the classifier gave {found.shape} classes for {len(guess)} guesses")
    return np.asarray(found == wanted, np.float64)


METRICS = [
    Metric(
        name="recognised",
        takes="labels",
        measure=recognised,
        tells="Whether a classifier trained on plain pictures still tells what a reconstruction shows.",
        not_shown="A classifier that fails may have met a style that it does not know; one that was trained on "
        "reconstructions would do better.",
        source="accuracy of a public classifier on the guesses",
    )
]

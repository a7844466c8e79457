"""Metric: a number about pictures, and what it does and does not show. One file an idea in `metrics/`.

A metric is a plain function that checks what it gets, works on a whole batch and returns one value an image (or one row
an image, where it has named columns). Beside it stands its description, in the file's `METRICS`, and that is how
reports, laws and docs find it: adding a metric is adding a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from math import prod
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from imveil import registry
from imveil.errors import BadDtype, BadShape

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]

Shape = tuple[int, int, int]
Takes = Literal["images", "pair", "twins", "batch", "gallery", "labels"]
Range = tuple[float, float]


@dataclass(frozen=True)
class Metric:
    """The description of one metric.

    name: as reports print it.   takes: what `measure` is called with,

        images    (images)                    pictures, each by itself
        pair      (truth, guess)              pictures and what somebody made of them
        twins     (a, b)                      cipher images that ought to look unrelated: see `audit/statistics.py`
        batch     (images)                    cipher images, each against the others
        gallery   (guess, candidates, right)  and a row of `candidates` for each guess
        labels    (guess, labels, classify)   and what tells the class of a picture

    measure: the function itself, one value an image, or one row of `columns`.   tells: what it shows, in a sentence.
    not_shown: what a good value does not show.   source: paper and section, or the formula.
    unit: of the values, "" for a plain number.   expected: the mean over perfectly random cipher images of a shape
    (h, w, c).   critical: the range in which 95 % of them lie; inf for an open end. None where there is no such thing.
    """

    name: str
    takes: Takes
    measure: Callable[..., npt.NDArray[Any]]
    tells: str
    not_shown: str
    source: str
    unit: str = ""
    columns: tuple[str, ...] = ()
    critical: Callable[[Shape], Range] | None = None
    expected: Callable[[Shape], float] | None = None


def metrics(takes: Takes | None = None) -> dict[str, Metric]:
    """All metrics, or those that take this, by name, in alphabetical order.

    >>> metrics("pair")["psnr"].unit
    'dB'
    """
    package = "imveil.metrics"
    modules = [import_module(f"{package}.{name}") for name in registry.files(package)]
    found = [metric for module in modules for metric in getattr(module, "METRICS", ())]
    return {m.name: m for m in sorted(found, key=lambda m: m.name) if takes in (None, m.takes)}


def checked(images: Any, what: str = "images") -> U8:
    """Itself, when it is a batch of pictures: (n, h, w, c) uint8; BadShape or BadDtype when it is not."""
    if not isinstance(images, np.ndarray) or images.ndim != 4:
        came = tuple(getattr(images, "shape", ())) or type(images).__name__
        raise BadShape(f"{what} of a metric are a numpy array (n, h, w, c), got {came}", hint="for one: image[None]")
    if images.dtype != np.uint8:
        raise BadDtype(f"{what} of a metric are uint8, got {images.dtype}", hint="round and clip to 0..255 yourself")
    if 0 in images.shape[1:]:
        raise BadShape(f"{what} of shape {images.shape[1:]} have no pixels")
    return images


def checked_pair(truth: Any, guess: Any) -> tuple[U8, U8]:
    """Both, when they are batches of pictures of one shape; BadShape or BadDtype when they are not."""
    truth, guess = checked(truth, "pictures"), checked(guess, "guesses")
    if truth.shape != guess.shape:
        raise BadShape(f"pictures {truth.shape} and guesses {guess.shape} differ in shape")
    return truth, guess


def flat(images: Any) -> Any:
    """(n, h, w, c) -> (n, h * w * c), also for no images."""
    return images.reshape(len(images), prod(images.shape[1:]))


def histogram(images: U8) -> npt.NDArray[np.int64]:
    """How often each value occurs in each image: (n, h, w, c) -> (n, 256).

    >>> histogram(np.full((1, 2, 2, 3), 7, np.uint8))[0, 7]
    np.int64(12)
    """
    rows = flat(checked(images))
    counts = [np.bincount(row, minlength=256) for row in rows]
    return np.array(counts, np.int64).reshape(len(images), 256)


def around(mean: float, deviation: float) -> Range:
    """The range that holds 95 % of a normal distribution."""
    reach = NormalDist().inv_cdf(0.975) * deviation
    return mean - reach, mean + reach

"""Metric: a number about pictures, and what it does and does not show. One file an idea in `metrics/`.

A metric is a plain function that checks what it gets, works on a whole batch and returns one value an image (or one row
an image, where it has named columns). Beside it stands its description, in the file's `METRICS`, and that is how
reports, laws and docs find it: adding a metric is adding a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadInput, BadShape

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]

Shape = tuple[int, int, int]
Takes = Literal["images", "pair", "twins", "batch", "gallery", "labels"]
Range = tuple[float, float]
ARGUMENTS: dict[Takes, tuple[str, ...]] = {
    "images": ("images",),
    "pair": ("truth", "guess"),
    "twins": ("a", "b"),
    "batch": ("images",),
    "gallery": ("guess", "candidates", "right"),
    "labels": ("guess", "labels", "classify"),
}


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

    @property
    def arguments(self) -> tuple[str, ...]:
        """What a call takes, in order."""
        return ARGUMENTS[self.takes]

    def __call__(self, *given: Any, **named: Any) -> npt.NDArray[Any]:
        """One value an image, (n,) float64, or one row of `columns`, of what `arguments` lists.

        Raises BadShape and BadDtype for what is no batch of pictures (n, h, w, c) uint8, BadInput for other arguments.

        >>> from imveil import metrics
        >>> zeros = np.zeros((1, 8, 8, 3), np.uint8)
        >>> metrics.find("psnr")(zeros, guess=zeros)
        array([inf])
        """
        taken = [*given, *(named[name] for name in self.arguments[len(given) :] if name in named)]
        if len(taken) != len(self.arguments) or len(given) + len(named) != len(taken):
            came = ", ".join([*(type(one).__name__ for one in given), *named]) or "nothing"
            raise BadInput(f"the metric {self.name} takes ({', '.join(self.arguments)}), got ({came})")
        try:
            return self.measure(*taken)
        except (BadShape, BadDtype) as error:
            raise type(error)(f"{self.name}: {error.message}", hint=error.hint) from error


def checked(images: Any, what: str = "images") -> U8:
    """Itself, when it is a batch of pictures: (n, h, w, c) uint8; BadShape or BadDtype when it is not."""
    if not isinstance(images, np.ndarray) or images.ndim != 4:
        tensor = type(images).__module__.partition(".")[0] == "torch"
        came = "a tensor" if tensor else tuple(getattr(images, "shape", ())) or type(images).__name__
        remedy = "pass images.cpu().numpy(), channels last" if tensor else "for one picture pass image[None]"
        raise BadShape(f"{what} of a metric are a numpy array (n, h, w, c), got {came}", hint=remedy)
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

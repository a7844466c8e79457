"""Accuracies that papers give, for the column beside ours. Backbones, budgets and plain accuracies differ.

LE, ELE and EtC: K. Madono et al., arXiv 2001.07761, with Shake-Pyramid-110. SHF, NP and FFX: M. AprilPyone, H. Kiya,
arXiv 2010.00801, with ResNet-18 and 200 epochs. The founding paper of the seed's scheme gives its numbers in a text
that was not available.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Published:
    """One number: accuracy in percent on pictures hidden by a scheme, and on plain ones with the same backbone."""

    data: str
    scheme: str
    accuracy: float
    plain: float
    backbone: str
    source: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


_MADONO, _APRIL = ("Shake-Pyramid-110", "arXiv 2001.07761"), ("ResNet-18", "arXiv 2010.00801")
NUMBERS = [
    Published("cifar10", "le/1", 94.94, 96.70, *_MADONO),
    Published("cifar100", "le/1", 78.25, 83.59, *_MADONO),
    Published("cifar10", "ele/1", 83.06, 96.70, *_MADONO, note="with AdaptNet"),
    Published("cifar100", "ele/1", 62.97, 83.59, *_MADONO, note="with AdaptNet"),
    Published("cifar10", "etc-inplace/1", 89.09, 96.70, *_MADONO, note="with AdaptNet"),
    Published("cifar100", "etc-inplace/1", 71.91, 83.59, *_MADONO, note="with AdaptNet"),
    *(
        Published("cifar10", scheme, accuracy, 95.43, *_APRIL, fields={"block": block})
        for scheme, values in {
            "shf/1": (94.77, 92.56, 86.40, 77.25),
            "np-block/1": (95.32, 93.41, 91.54, 92.68),
            "ffx/1": (93.79, 92.27, 91.99, 91.39),
        }.items()
        for block, accuracy in zip((2, 4, 8, 16), values, strict=True)
    ),
]


def published(data: str, scheme: str, fields: Mapping[str, Any]) -> Published | None:
    """The number for a scheme with these fields on this data; None where none is known.

    >>> published("cifar10", "le/1", {"block": 4}).accuracy
    94.94
    """
    for one in NUMBERS:
        if (one.data, one.scheme) == (data, scheme) and all(fields.get(k) == v for k, v in one.fields.items()):
            return one
    return None

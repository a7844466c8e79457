"""Metrics: numbers about pictures, one value an image; one file an idea, found by being there. May import nothing.

>>> import numpy as np
>>> from imveil import metrics
>>> truth = np.zeros((2, 16, 16, 3), np.uint8)
>>> metrics.find("mae")(truth, truth + np.uint8(3))
array([3., 3.])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imveil import registry
from imveil.errors import BadPart

if TYPE_CHECKING:
    from imveil.metrics.base import Metric as Metric
    from imveil.metrics.base import Takes

__getattr__, __dir__ = registry.face(__name__, {"Metric": "imveil.metrics.base"})


def names(takes: Takes | None = None) -> list[str]:
    """The names of all metrics, or of those that take this ("pair", "images", ...), in alphabetical order.

    >>> names("pair")
    ['bits-right', 'mae', 'psnr', 'ssim', 'ssim-or-negative']
    """
    known = list(registry.parts(registry.METRICS))
    return known if takes is None else [name for name in known if find(name).takes == takes]


def find(name: str, /) -> Metric:
    """The metric called `name`, ready to be called: a name, or one in a file of your own, "mine.py:METRICS".

    Raises UnknownName with the nearest names, BadPart for a file or package that fails.

    >>> find("ssim").arguments
    ('truth', 'guess')
    """
    from imveil.metrics.base import Metric

    found = registry.find(registry.METRICS, name)
    if not isinstance(found, Metric):
        raise BadPart(f"{name!r} is no metric", hint="a metric is an imveil.metrics.Metric")
    return found

"""Measure: every metric of a set of cipher images, beside what perfectly random images of that size give."""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.attacks.base import U8, Images
from imveil.audit.game.challenger import Challenger
from imveil.audit.twins import key_twins, plain_twins
from imveil.keys.key import Key
from imveil.metrics.base import Metric, metrics
from imveil.schemes.base import Scheme

_TWINS = 20


def measured_ciphers(cipher: Images) -> list[dict[str, Any]]:
    """One line for each metric, or column of one, of cipher images alone: {name, mean, sd, n, unit, expected, range,
    tells}; nothing for cipher images that are no bytes."""
    if cipher.dtype != np.uint8 or cipher.ndim != 4:
        return []
    known = metrics("images") | metrics("batch")
    return [line for metric in known.values() for line in _lines(metric, metric.measure(cipher), cipher)]


def measured_challenger(real: Challenger, images: U8, scheme: Scheme | None = None) -> list[dict[str, Any]]:
    """The same, and what changes when one bit of the picture changes; with a scheme, one bit of the key, too."""
    cipher = real.encrypt(images, "metrics")
    lines = measured_ciphers(cipher)
    if not lines:
        return []
    rng = np.random.default_rng(5)
    twins = {"one bit of the picture": plain_twins(lambda one: real.encrypt(one, "metrics"), images[:_TWINS], rng)}
    if scheme is not None:

        def under(secret: bytes, one: U8) -> Any:
            return scheme.encrypt(one, Key(secret), [str(i) for i in range(len(one))]).images

        twins["one bit of the key"] = key_twins(under, images[:_TWINS], rng)
    for what, pair in twins.items():
        for metric in metrics("twins").values():
            lines += [
                line | {"name": f"{line['name']}, {what}"} for line in _lines(metric, metric.measure(*pair), cipher)
            ]
    return lines


def _lines(metric: Metric, values: Any, cipher: Images) -> list[dict[str, Any]]:
    shape = (int(cipher.shape[1]), int(cipher.shape[2]), int(cipher.shape[3]))
    table = np.asarray(values, float).reshape(len(values), -1)
    lines = []
    for name, column in zip(metric.columns or ("",), table.T, strict=True):
        lines.append(
            {
                "name": " ".join(filter(None, (metric.name, name))),
                "mean": float(column.mean()),
                "sd": float(column.std(ddof=1)) if len(column) > 1 else 0.0,
                "n": len(column),
                "unit": metric.unit,
                "expected": None if metric.expected is None else float(metric.expected(shape)),
                "range": None if metric.critical is None else [float(v) for v in metric.critical(shape)],
                "tells": metric.tells,
            }
        )
    return lines

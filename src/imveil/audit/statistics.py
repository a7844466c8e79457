"""Statistics: every metric of a set of cipher images, beside what perfectly random images of that size give; and pairs
of cipher images that differ in one bit of the picture or the key, for NPCR, UACI and avalanche."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imveil import metrics
from imveil.attacks.base import U8, Images
from imveil.audit.game.challenger import Challenger
from imveil.keys.key import Key
from imveil.metrics.base import Metric, checked, flat
from imveil.schemes.base import Scheme

Encrypt = Callable[[U8], Any]
_TWINS = 20


def measured_ciphers(cipher: Images) -> list[dict[str, Any]]:
    """One line for each metric, or column of one, of cipher images alone: {name, mean, sd, n, unit, expected, range,
    tells}; nothing for cipher images that are no bytes."""
    if cipher.dtype != np.uint8 or cipher.ndim != 4:
        return []
    known = map(metrics.find, metrics.names("images") + metrics.names("batch"))
    return [line for metric in known for line in lines_of(metric, metric(cipher), cipher)]


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
        for metric in map(metrics.find, metrics.names("twins")):
            lines += [line | {"name": f"{line['name']}, {what}"} for line in lines_of(metric, metric(*pair), cipher)]
    return lines


def lines_of(metric: Metric, values: Any, cipher: Images) -> list[dict[str, Any]]:
    """The lines of one metric, for its `values` of this many cipher images."""
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


def plain_twins(encrypt: Encrypt, images: U8, rng: np.random.Generator, bit: int | None = None) -> tuple[Any, Any]:
    """Cipher images of `images`, and of the same with one bit turned over in each. (n, h, w, c), twice.

    Parameters
    ----------
    encrypt
        (n, h, w, c) uint8 -> cipher images, the same key each time.
    bit
        Which bit of the sample, 0 the lowest; None: a random one. The sample is always random.

    >>> a, b = plain_twins(lambda images: images, np.zeros((2, 4, 4, 3), np.uint8), np.random.default_rng(0), bit=0)
    >>> (a != b).sum(axis=(1, 2, 3))
    array([1, 1])
    """
    turned = checked(images).copy()
    rows = flat(turned)
    places = rng.integers(0, rows.shape[1], len(rows))
    bits = rng.integers(0, 8, len(rows)) if bit is None else np.full(len(rows), bit)
    rows[np.arange(len(rows)), places] ^= (1 << bits).astype(np.uint8)
    return encrypt(images), encrypt(turned)


def key_twins(
    encrypt_under: Callable[[bytes, U8], Any], images: U8, rng: np.random.Generator, size: int = 32
) -> tuple[Any, Any]:
    """Cipher images under a random secret, and under the one that differs in one random bit. (n, h, w, c), twice.

    Parameters
    ----------
    encrypt_under
        (secret of `size` bytes, images) -> cipher images, for example `lambda secret, images: scheme.encrypt(images,
        Key(secret), ids=names).images`. Each image has its own secret and bit.
    """
    first, second = [], []
    for i in range(len(checked(images))):
        secret = np.frombuffer(rng.bytes(size), np.uint8).copy()
        first.append(encrypt_under(secret.tobytes(), images[i : i + 1]))
        place, bit = divmod(int(rng.integers(0, 8 * size)), 8)
        secret[place] ^= 1 << bit
        second.append(encrypt_under(secret.tobytes(), images[i : i + 1]))
    nothing = images[:0]
    return np.concatenate(first or [nothing]), np.concatenate(second or [nothing])

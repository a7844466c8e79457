"""Checks of key material as schemes take it: whole numbers within a range, and permutations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadMaterial


def integers(name: str, value: Any, length: int, limit: int) -> npt.NDArray[np.int64]:
    """Material as (length,) integers in 0..limit-1, however it came; BadMaterial when it is none. Values are not
    shown."""
    return _checked(name, value, length, limit).astype(np.int64, copy=False)


def small_integers(name: str, value: Any, length: int, limit: int) -> npt.NDArray[np.uint8]:
    """The same for limits up to 256, as bytes."""
    return _checked(name, value, length, limit).astype(np.uint8, copy=False)


def _checked(name: str, value: Any, length: int, limit: int) -> npt.NDArray[Any]:
    array = np.asarray(value)
    if array.dtype.kind not in "iub":
        raise BadMaterial(f"{name} holds integers, got {array.dtype}")
    if array.size != length:
        raise BadMaterial(f"{name} needs {length} values, got {array.size}")
    array = array.reshape(-1)
    whole = array.dtype == np.uint8 and limit == 256  # then there is nothing to compare
    if array.size and not whole and (array.min() < 0 or array.max() >= limit):
        raise BadMaterial(f"{name} holds values in 0..{limit - 1}, got one outside")
    return array


def permutation(name: str, value: Any, length: int) -> npt.NDArray[np.int64]:
    """Material as a permutation of 0..length-1; BadMaterial when it is none."""
    array = integers(name, value, length, length)
    if not (np.bincount(array, minlength=length) == 1).all():
        raise BadMaterial(f"{name} must hold each of 0..{length - 1} once")
    return array


def permutations(name: str, value: Any, count: int, length: int) -> npt.NDArray[np.int64]:
    """Material as (count, length), each row a permutation of 0..length-1; BadMaterial when it is none."""
    array = integers(name, value, count * length, length).reshape(count, length)
    if not (np.sort(array, axis=1) == np.arange(length)).all():
        raise BadMaterial(f"each row of {name} must hold each of 0..{length - 1} once")
    return array

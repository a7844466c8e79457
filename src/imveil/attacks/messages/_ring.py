"""Polynomials modulo x^degree + 1 and a prime, as their values at the roots of x^degree + 1, where products are plain.

Whole numbers of any size (dtype object): a modulus of 50 bits has products beyond 64.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[Any]
"""dtype object."""


def values(polynomial: Whole, prime: int) -> Whole:
    """The values at psi^(2i+1), psi a root of order 2 * degree: (degree,).

    Parameters
    ----------
    prime
        1 modulo 2 * degree.
    """
    n = len(polynomial)
    return _transformed(polynomial * _powers(_root(n, prime), n, prime) % prime, prime)


def polynomial(values: Whole, prime: int) -> Whole:
    """The coefficients, lowest first, that have these values."""
    n = len(values)
    back = _transformed(values, prime)
    back = np.concatenate([back[:1], back[:0:-1]])  # the transform with the inverse root
    unscaled = _powers(pow(_root(n, prime), -1, prime), n, prime)
    return back * unscaled % prime * pow(n, -1, prime) % prime


def conjugate(polynomial: Whole, prime: int) -> Whole:
    """The polynomial at 1/x."""
    return np.concatenate([polynomial[:1], -polynomial[:0:-1]]) % prime


def centred(polynomial: Whole, prime: int) -> Whole:
    """Coefficients from -prime / 2 to prime / 2."""
    return np.where(polynomial > prime // 2, polynomial - prime, polynomial)


def inverse(numbers: Whole, prime: int) -> Whole:
    """One over each, 0 for 0."""
    return np.array([pow(int(number), prime - 2, prime) for number in numbers], object)


def _transformed(x: Whole, prime: int) -> Whole:
    """Cooley and Tukey, decimation in time: X[k] = sum of x[i] w^(ik), w = psi squared."""
    n = len(x)
    w = _powers(pow(_root(n, prime), 2, prime), n, prime)
    x = x[_reversed(n)].reshape(-1, 1)
    while len(x) > 1:
        half = x.shape[1]
        even, odd = x[::2], x[1::2] * w[:: n // (2 * half)][:half] % prime
        x = np.concatenate([even + odd, even - odd], axis=1) % prime
    found: Whole = x[0]
    return found


def _powers(base: int, count: int, prime: int) -> Whole:
    found = [1]
    for _ in range(count - 1):
        found.append(found[-1] * base % prime)
    return np.array(found, object)


@cache
def _reversed(n: int) -> npt.NDArray[np.int64]:
    bits = n.bit_length() - 1
    return np.array([int(f"{i:0{bits}b}"[::-1], 2) if bits else 0 for i in range(n)])


@cache
def _root(n: int, prime: int) -> int:
    """A root of unity of order 2n."""
    for base in range(2, prime):
        found = pow(base, (prime - 1) // (2 * n), prime)
        if pow(found, n, prime) == prime - 1:
            return found
    raise AssertionError("a prime that is 1 modulo 2n has such a root")

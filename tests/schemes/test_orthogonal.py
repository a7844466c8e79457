"""Orthogonal matrices are what the specification says to the last bit, and pictures come back from float32 exactly."""

from __future__ import annotations

import json
import math
import re
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

import imveil
from imveil.errors import BadDtype, BadMaterial, BadShape
from imveil.keys.stream import Keystream
from imveil.schemes import _haar
from imveil.schemes._haar import orthogonal
from variants import pictures

SPEC = Path(__file__).parents[2] / "docs" / "spec" / "orthogonal.md"
KEY = imveil.Key(bytes(range(32)))


def slow(stream: Keystream, d: int) -> list[list[int]]:
    """docs/spec/orthogonal.md, number by number."""
    words = struct.unpack(f"<{2 * d * (d + 1)}H", stream.bytes(4 * d * (d + 1)))
    numbers = [sum(words[i : i + 4]) - 131070 for i in range(0, len(words), 4)]
    vectors = []
    for m in range(d, 0, -1):
        vectors.append(numbers[:m])
        numbers = numbers[m:]
    a = [[float(i == j) for j in range(d)] for i in range(d)]
    for x in reversed(vectors):
        m = len(x)
        length = math.sqrt(sum(v * v for v in x))
        if length == 0:
            continue
        s = -1.0 if x[0] < 0 else 1.0
        b = 1.0 / (length * (length + abs(x[0])))
        v = [x[0] + s * length, *map(float, x[1:])]
        for j in range(d - m, d):
            w = 0.0
            for i in range(m):
                w = w + v[i] * a[d - m + i][j]
            w = b * w
            for i in range(m):
                a[d - m + i][j] = -s * (a[d - m + i][j] - v[i] * w)
    return [[round(v * 2**30) for v in row] for row in a]


@pytest.mark.parametrize("d", [1, 2, 3, 7, 16, 70])
@pytest.mark.parametrize("compile_from", [0, 10**6])
def test_the_matrix_is_what_the_specification_says(d: int, compile_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_haar, "_COMPILE_FROM", compile_from)
    monkeypatch.setattr(_haar, "_COLUMNS", 32)
    if compile_from:
        monkeypatch.delitem(sys.modules, "numba", raising=False)
    secret = KEY.derive("matrix", str(d)).reveal()
    matrix = orthogonal(Keystream(secret), d)
    np.testing.assert_array_equal(matrix * 2**30, slow(Keystream(secret), d))
    assert np.abs(matrix.T @ matrix - np.eye(d)).max() < d * 2.0**-29


def test_the_vectors_of_the_specification() -> None:
    found = re.findall(r"^d = (\d+)    (.*)$", SPEC.read_text(), re.MULTILINE)
    assert len(found) == 3
    for d, text in found:
        matrix = orthogonal(Keystream(bytes(32)), int(d))
        assert (matrix * 2**30).astype(int).tolist() == json.loads(text)


def test_matrices_are_spread_evenly() -> None:
    # Of Haar measure an entry has mean 0 and mean square 1/d, and half of all matrices turn space inside out.
    d, n = 6, 2000
    many = np.array([orthogonal(KEY.derive("haar", str(i)).stream(), d) for i in range(n)])
    assert np.abs(many.mean(0)).max() < 4.5 / math.sqrt(d * n)
    assert np.abs((many**2).mean(0) * d - 1).max() < 0.15
    assert 0.45 < (np.linalg.det(many) > 0).mean() < 0.55


@pytest.mark.parametrize(("block", "shape"), [(4, (8, 12, 3)), (16, (32, 16, 3)), (1, (2, 2, 3))])
def test_extreme_pictures_come_back(block: int, shape: tuple[int, int, int]) -> None:
    scheme = imveil.find("orthogonal/1", block=block)
    images = pictures("extreme", (4, *shape))
    images[0], images[1], images[2] = 0, 255, np.where(images[2] < 128, 0, 255)
    cipher = scheme.encrypt(images, KEY).images
    plan = scheme.plan(KEY, shape)
    before_rounding = np.einsum("ij,nj->ni", plan.matrix.T, rows(cipher, block).astype(float))
    assert np.abs(before_rounding - rows(images, block)).max() < 0.001
    np.testing.assert_array_equal(scheme.decrypt(cipher, KEY), images)


def rows(images: np.ndarray, b: int) -> np.ndarray:
    n, h, w, c = images.shape
    return images.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 5, 2, 4).reshape(-1, c * b * b)


def test_a_matrix_of_other_code_will_do_if_it_is_orthogonal() -> None:
    scheme, shape = imveil.find("orthogonal/1"), (8, 8, 1)
    matrix = np.linalg.qr(np.random.default_rng(1).normal(size=(16, 16)))[0]
    plan = scheme.plan_from_material(shape, matrix=matrix)
    images = pictures("other", (3, *shape))
    np.testing.assert_array_equal((~plan)(plan(images)), images)
    for bad in (matrix * 1.001, np.eye(15), np.eye(16, dtype=int)):
        with pytest.raises(BadMaterial):
            scheme.plan_from_material(shape, matrix=bad)


def test_what_is_refused() -> None:
    scheme = imveil.find("orthogonal/1")
    cipher = scheme.encrypt(pictures("refused", (1, 8, 8, 3)), KEY).images
    cipher[0, 0, 0, 0] = np.nan
    with pytest.raises(BadDtype, match="not finite"):
        scheme.decrypt(cipher, KEY)
    with pytest.raises(BadDtype, match="float32"):
        scheme.decrypt(np.zeros((1, 8, 8, 3), np.uint8), KEY)
    with pytest.raises(BadShape, match="4096"):
        imveil.find("orthogonal/1", block=32).plan(KEY, (32, 32, 5))

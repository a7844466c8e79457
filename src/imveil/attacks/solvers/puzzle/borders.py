"""Borders: how well two sides of two pieces go together, in every turn and value, by Mahalanobis gradients.

Gallagher (CVPR 2012): what lies across a border should be what the gradients just inside predict, and is measured in
their covariance; from both sides. Written out, the sum over pixels is one product of matrices:
(b - a)' S (b - a) = a' S a - 2 (S a)' b + <S, b b'>.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from imveil.attacks.solvers.puzzle.poses import Values

FLAT = 1.0  # added to the variances of gradients: pieces without any are not sure of everything


@dataclass(frozen=True)
class Borders:
    """lines: (4n, side, c) the outermost pixels, centred at 0.   expected: (4n, side, c) what should lie beside them,
    inverse: (4n, c, c) inverse covariance of its errors. told: (4n, side * c + c * c + 1) both as factors of a product;
    all for border 4 * piece + side."""

    lines: Any
    expected: Any
    inverse: Any
    told: Any

    def costs(self, rows: Any, reverse: bool, values: Values, v: int) -> Any:
        """How badly borders `rows` go with each border shown in value v: (len(rows), 4n) float32."""
        here = self._seen(self.lines[rows], reverse, values, int(values.inverse[v]))
        there = self._seen(self.lines, reverse, values, v)
        both = np.concatenate([self.told[rows], here], axis=1)
        return both @ np.concatenate([there, self.told], axis=1).T

    def robust(self, a: Any, b: Any, reverse: Any, values: Values, v: Any) -> Any:
        """As `costs`, of pairs of borders, (m,) each, but the sum of distances over pixels instead of their squares:
        an edge that begins at the border then costs less. reverse, v: (m,) how each b is shown. (m,) float32."""
        found = np.zeros(len(a), np.float32)
        for one, other, shown in ((a, b, v), (b, a, values.inverse[v])):
            there = np.where(reverse[:, None, None], self.lines[other][:, ::-1], self.lines[other])
            there = np.take_along_axis(there, values.orders[shown][:, None], axis=2)
            apart = there * values.signs[shown][:, None, None].astype(np.float32) - self.expected[one]
            found += np.sqrt(((apart @ self.inverse[one]) * apart).sum(axis=2).clip(0)).sum(axis=1)
        return found

    @staticmethod
    def _seen(lines: Any, reverse: bool, values: Values, v: int) -> Any:
        shown = (lines[:, ::-1] if reverse else lines)[..., values.orders[v]] * np.float32(values.signs[v])
        square = shown.transpose(0, 2, 1) @ shown
        m = len(lines)
        return np.concatenate([shown.reshape(m, -1), square.reshape(m, -1), np.ones((m, 1), np.float32)], axis=1)


def borders(cut: Any) -> Borders:
    """Of pieces (n, side, side, c) uint8, side 2 or more."""
    x = cut.astype(np.float32) - np.float32(127.5)
    outer = np.stack([x[:, :, -1], x[:, -1], x[:, :, 0], x[:, 0]], axis=1)
    inner = np.stack([x[:, :, -2], x[:, -2], x[:, :, 1], x[:, 1]], axis=1)
    n, _, side, c = outer.shape
    outer, inner = outer.reshape(4 * n, side, c), inner.reshape(4 * n, side, c)
    steps = outer - inner
    mean = steps.mean(axis=1, keepdims=True)
    spread = (steps - mean).transpose(0, 2, 1) @ (steps - mean) / side + FLAT * np.eye(c, dtype=np.float32)
    inverse = np.linalg.inv(spread).astype(np.float32)
    expected = outer + mean / 2 + steps / 4  # half the mean gradient, half of the half its own
    weighed = expected @ inverse
    own = (weighed * expected).sum(axis=(1, 2))[:, None]
    told = np.concatenate([-2 * weighed.reshape(4 * n, -1), inverse.reshape(4 * n, -1), own], axis=1)
    return Borders(outer, expected, inverse, told.astype(np.float32))

"""many-time-pad and many-time-pad-public: one sequence in all images, worked out from many cipher images."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import bytes_only, same_shape
from imveil.attacks.base import Attack, Guess, View
from imveil.attacks.solvers.pad.guess import unpadded


class ManyTimePad(Attack):
    """many-time-pad: a fixed sequence XORed into every image, from cipher images alone, without a prior.

    Neighbouring samples of a picture are alike, so each pair of positions tells, over many cipher images, in which bits
    two bytes of the sequence differ; see `solvers/pad`. It works for any sequence, however random, for inversions
    (negative-positive) with or without an order of colours for each pixel, for one byte a pixel or one a sample, and
    where nobody says what the scheme is. The sequence is worked out from the further cipher images, so that their
    number means what it says; the targets stand in where there are none. It takes whole sweeps, so there is nothing to
    count in steps.
    """

    id: ClassVar[str] = "many-time-pad"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers"})
    paper: ClassVar[str] = "ours"
    finds_key: ClassVar[bool] = True
    local: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Bytes at the places of the picture."""
        del shape
        return same_shape(scheme) or bytes_only(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets without the sequence. notes: see `unpadded`."""
        del steps
        return unpadded(view, rng)


class ManyTimePadPublic(Attack):
    """many-time-pad-public: `many-time-pad` with plain pictures of the same kind as a prior.

    They tell the picture from its negative, which no prior-free attack can know, and they sharpen the lowest bits.
    """

    id: ClassVar[str] = "many-time-pad-public"
    needs: ClassVar[frozenset[str]] = frozenset({"ciphers", "public"})
    paper: ClassVar[str] = "ours"
    finds_key: ClassVar[bool] = True
    local: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Bytes at the places of the picture."""
        del shape
        return same_shape(scheme) or bytes_only(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """The targets without the sequence. notes: see `unpadded`."""
        del steps
        return unpadded(view, rng)

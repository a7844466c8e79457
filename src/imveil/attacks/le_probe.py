"""le-probe: the published chosen-plaintext attack on one secret block map (LE), 16 probes of a 4x4 block.

Probe k is zero but for pixel k, which is (1, 2, 3). The authors read whole bytes: a cipher byte above 127 and not 255
was inverted, and a 1, 2 or 3 shows where a colour of pixel k went. In a cipher that moves nibbles this finds few: the
high halves of the probes are all zero, and half of the low ones come out in high places. The correction here reads
nibbles against the block of zeros and asks the 16 probes again in the high halves, (16, 32, 48). As all blocks have one
key, all 32 probes fit into one picture of 32x32.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import blocks, bytes_only, one_key, same_shape
from imveil.attacks.base import Attack, Guess, View, blank
from imveil.attacks.solvers import probes
from imveil.attacks.solvers.blocks import pieces, sides, whole


class LeProbe(Attack):
    """Probes in the blocks of chosen pictures; one block of zeros beside them."""

    id: ClassVar[str] = "le-probe"
    needs: ClassVar[frozenset[str]] = frozenset({"oracle"})
    paper: ClassVar[str] = "A. H. Chang, B. M. Case, arXiv 2004.13263 (2020), block-wise scheme, chosen plaintexts"
    finds_key: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Blocks under one key, in bytes."""
        del shape
        return one_key(scheme) or blocks(scheme) or same_shape(scheme) or bytes_only(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """notes: published, the share of a block's samples that the authors' reading of bytes places."""
        del rng, steps
        assert view.oracle is not None
        side = next(iter(sides(view)), 0)
        if not side or view.targets.shape[1:] != view.shape or view.targets.dtype != np.uint8:
            return Guess(blank(view))
        channels, pixels = view.shape[2], side * side
        chosen = np.zeros((2 * pixels + 1, pixels, channels), np.uint8)  # the last one stays zero
        marks = np.arange(1, channels + 1)
        chosen[np.arange(pixels), np.arange(pixels)] = marks
        chosen[pixels + np.arange(pixels), np.arange(pixels)] = marks << 4
        answers = _ask(view, chosen.reshape(len(chosen), -1), side)
        published = _published(answers[:pixels], channels)
        shown = probes.halves(answers[:-1] ^ answers[-1])
        probe, value = shown.argmax(axis=0), shown.max(axis=0)
        if (np.count_nonzero(shown, axis=0) != 1).any() or (value > channels).any():
            return Guess(blank(view), notes={"published": published})
        # A mark in probe k is a low nibble of pixel k, in probe k + pixels a high one.
        order = 2 * ((probe % pixels) * channels + value.astype(np.int64) - 1) + probe // pixels
        cut = pieces(view.targets, side)
        units = probes.undo(order, probes.halves(cut.reshape(-1, pixels * channels) ^ answers[-1]))
        images = (units[:, ::2] | units[:, 1::2] << 4).reshape(cut.shape)
        return Guess(whole(images, view.shape), notes={"published": published})


def _ask(view: View, chosen: Any, side: int) -> Any:
    """Cipher blocks of blocks (k, samples), as many to a picture as it holds."""
    assert view.oracle is not None
    h, w, _ = view.shape
    room = (h // side) * (w // side)
    padded = np.zeros((-(-len(chosen) // room) * room, chosen.shape[1]), np.uint8)
    padded[: len(chosen)] = chosen
    cipher = view.oracle(whole(padded.reshape(-1, room, chosen.shape[1]), view.shape))
    return pieces(cipher, side).reshape(len(padded), -1)[: len(chosen)]


def _published(answers: Any, channels: int) -> float:
    """The share of samples that the authors' procedure finds: bytes folded, then compared with 1, 2, 3."""
    folded = np.where((answers > 127) & (answers != 255), 255 - answers, answers)
    return float(np.mean([(folded == mark).any(axis=1) for mark in range(1, channels + 1)]))

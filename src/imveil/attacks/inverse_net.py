"""inverse-net, -fresh and -moved: a small network that learns to turn cipher images back into pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from imveil.attacks._reasons import blocks, one_key, same_shape
from imveil.attacks.base import U8, Attack, Guess, Images, View, blank
from imveil.attacks.solvers.blocks import pieces, whole
from imveil.attacks.solvers.network import BATCH, block_of, inverted

_AT_ONCE = 2**22  # pairs of blocks that are compared together


class InverseNet(Attack):
    """inverse-net: a network trained on known pictures and their cipher images, under the key of the targets.

    The inverse transformation network of Ito et al., with its body for pixels where the scheme has no blocks, and its
    body for blocks where it has; ours is one affine map for each place in front of it, without which nothing is learned
    of a scheme whose key differs from place to place (solvers/network.py has the networks and what they cannot follow).
    It learns a scheme that nobody described, with hundreds of pairs; where a plan can be read off a few pairs,
    known-plan is exact. Blocks that move, as in `etc/1`, it does not follow, nor XOR with arbitrary bytes.
    """

    id: ClassVar[str] = "inverse-net"
    needs: ClassVar[frozenset[str]] = frozenset({"pairs"})
    paper: ClassVar[str] = "Ito, Kinoshita and Kiya, arXiv 2008.03143; ours: a map for each place"
    steps: ClassVar[int] = 600
    seconds_a_step: ClassVar[float] = 0.05

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Schemes with one key for all images, whose cipher images have the shape of the pictures."""
        del shape
        return one_key(scheme) or same_shape(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """steps: of the optimiser, 8 pairs each. notes: loss, as a share of the variance of the pictures."""
        assert view.pairs is not None
        plain, cipher = view.pairs
        if not len(plain):
            return Guess(blank(view))
        rows = rng.integers(0, len(plain), (max(steps, 1), BATCH))

        def draw(step: int) -> tuple[U8, Images]:
            return plain[rows[step]], cipher[rows[step]]

        return inverted(view, draw, rng, steps, positions=True)


class InverseNetFresh(Attack):
    """inverse-net-fresh: the same network, trained under keys of the attacker's own, a fresh one in every step.

    Nobody gives the attacker a pair: he encrypts public pictures himself. What such a network learns holds for every
    key, so it shows what a scheme leaks whatever the key, as far as a short training finds it. The networks are those
    of Ito et al. for pixels and for blocks, nothing added (attacks/solvers/network.py).
    """

    id: ClassVar[str] = "inverse-net-fresh"
    needs: ClassVar[frozenset[str]] = frozenset({"public", "simulate"})
    paper: ClassVar[str] = "Ito, Kinoshita and Kiya, arXiv 2008.03143"
    steps: ClassVar[int] = 600
    seconds_a_step: ClassVar[float] = 0.05

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Schemes whose cipher images have the shape of the pictures."""
        del shape
        return same_shape(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """steps: of the optimiser, 8 pictures under one key each. notes: loss, as a share of the variance."""
        assert view.public is not None
        public, simulate = view.public, view.simulate
        if simulate is None or not len(public):
            return Guess(blank(view))

        def draw(step: int) -> tuple[U8, Images]:
            del step
            pictures = public[rng.integers(0, len(public), BATCH)]
            return pictures, simulate(pictures)

        return inverted(view, draw, rng, steps, positions=False)


class InverseNetMoved(Attack):
    """inverse-net-moved: blocks put back by their contrast first, then the network of inverse-net.

    A network that works block by block cannot follow blocks that move. But turning, mirroring, inverting and
    recolouring a block leave its contrast: over known pairs, the standard deviation of a cipher block rises and falls
    with that of the block it came from, and with no other. So the permutation is read off the pairs, and only the rest
    is learned. Where blocks stayed in place this is inverse-net.
    """

    id: ClassVar[str] = "inverse-net-moved"
    needs: ClassVar[frozenset[str]] = frozenset({"pairs"})
    paper: ClassVar[str] = "ours, in front of Ito, Kinoshita and Kiya, arXiv 2008.03143"
    steps: ClassVar[int] = 600
    seconds_a_step: ClassVar[float] = 0.05

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Schemes that move blocks under one key."""
        del shape
        return one_key(scheme) or same_shape(scheme) or blocks(scheme)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """steps: of the optimiser, 8 pairs each.   notes: loss, as in inverse-net; moved, the share of blocks that
        were put elsewhere."""
        assert view.pairs is not None
        plain, cipher = view.pairs
        if not len(plain) or cipher.shape[1:] != view.shape:
            return Guess(blank(view))
        side = block_of(view)
        order = came_from(pieces(plain, side), pieces(cipher, side))

        def back(images: Images) -> Images:
            moved: Images = whole(pieces(images, side)[:, order], view.shape)
            return moved

        cipher, rows = back(cipher), rng.integers(0, len(plain), (max(steps, 1), BATCH))

        def draw(step: int) -> tuple[U8, Images]:
            return plain[rows[step]], cipher[rows[step]]

        found = inverted(replace(view, targets=back(view.targets)), draw, rng, steps, positions=True)
        share = float((order != np.arange(len(order))).mean())
        return Guess(found.images, notes={**found.notes, "moved": share})


def came_from(plain: Any, cipher: Any) -> Any:
    """(blocks,): for each block of a picture the cipher block that it became; in place, where no permutation fits.

    Parameters
    ----------
    plain, cipher
        (pairs, blocks, samples).
    """
    stay = np.arange(plain.shape[1])
    if len(plain) < 3 or plain.shape[2] == 1:  # a sample alone has no contrast
        return stay
    ours, theirs = _contrasts(plain), _contrasts(cipher)
    many = max(1, _AT_ONCE // len(stay))
    order = np.concatenate([(ours[:, i : i + many].T @ theirs).argmax(axis=1) for i in range(0, len(stay), many)])
    return order if len(set(order.tolist())) == len(order) else stay


def _contrasts(images: Any) -> Any:
    """(pairs, blocks) float32: the standard deviation of each block, about its mean and of length 1 over the pairs."""
    found = np.stack([blocks.std(axis=1).astype(np.float32) for blocks in images])
    found -= found.mean(axis=0)
    found /= np.maximum(np.linalg.norm(found, axis=0), 1e-9)
    return found

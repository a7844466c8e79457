"""jigsaw and jigsaw-grey: scrambled blocks put together again, from one cipher image."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from imveil.attacks.base import Attack, Guess, View, fitted
from imveil.attacks.solvers.blocks import SIDES, sides
from imveil.attacks.solvers.puzzle.guess import CANDIDATES, MOST, Scrambled, restored, restored_grey, seconds_of


class Jigsaw(Attack):
    """jigsaw: scrambled blocks put together again like a jigsaw puzzle, from one cipher image.

    Blocks keep what is inside them, and a border still goes on where its neighbour begins. Every pair of sides is
    compared in every turn, negative and order of colours that the scheme knows (Mahalanobis gradients, Gallagher, CVPR
    2012); the surest are joined to a tree within the frame, and from the tree better assemblies are bred (after
    Sholomon, David, Netanyahu, CVPR 2013). Chuman, Kurihara and Kiya brought such solvers to encrypted pictures.

    A shuffle inside the blocks that all blocks share is undone first: over all blocks, samples of one colour have one
    distribution, and the more two samples are alike the nearer they lie.

    The whole picture may come out turned, mirrored, negative or in other colours where the scheme does that to blocks;
    a guess is made (light comes from above), but nothing in a cipher image says whether a picture is mirrored. Pictures
    of more than 1,600 blocks are left as they are, and so are shuffled blocks of more than 8x8.

    Notes: `joined`, the share of the places that the tree filled, in the mean; `worth`, of a
    border in the mean: 0 where all stand out, 1 where others would do as well; `block`, the side of the blocks.
    """

    id: ClassVar[str] = "jigsaw"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "T. Chuman, K. Kurihara, H. Kiya (2017, 2018); A. C. Gallagher, CVPR 2012"
    slow: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Schemes that move whole blocks, or shuffle the inside of all blocks in one way."""
        del shape
        return "" if str(scheme.id).startswith(("etc/", "patch/", "shf/")) else "no whole blocks that changed places"

    def seconds_a_picture(self, shape: tuple[int, ...]) -> float:
        """Of the smallest usual blocks that there are not too many of."""
        h, w, _ = shape
        return next((seconds_of(h * w // side**2) for side in sorted(SIDES[:3]) if h * w // side**2 <= MOST), 0.0)

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Each picture on its own; steps are not used."""
        del steps
        images = fitted(view.targets, view).copy()
        h, w, _ = view.shape
        fitting = [side for side in sides(view) if 1 < h * w // side**2 <= MOST]
        if not fitting or images.shape != view.targets.shape or view.targets.dtype != np.uint8:
            return Guess(images)
        side, how = fitting[0], done(view)
        found = [restored(image, side, how, rng) for image in images]
        notes = {"joined": [one.joined for one in found], "worth": [one.worth for one in found]}
        return Guess(
            np.stack([one.picture for one in found]),
            notes={"block": side, **{name: float(np.mean(values)) for name, values in notes.items()}},
        )


class JigsawGrey(Attack):
    """jigsaw-grey: the luma of a picture whose three planes were scrambled as one grey image, from one cipher image.

    A grey EtC cipher image holds three puzzles of the same size, of Y, Cb and Cr. Their blocks are told apart first, by
    what no turn, negative or place changes: luma is rough and spread over all values, colour differences are smooth and
    near 128. The third of the blocks that is least like luma is left out; from the rest the luma is assembled as
    `jigsaw` does (regularised Mahalanobis gradients), likely blocks being preferred. The guess is a grey picture;
    colours are not put back. After the attack on grey EtC in J. Imaging 12(2):65, 2026. Pictures of more than 1,600
    blocks a plane are not tried. Notes as for jigsaw.
    """

    id: ClassVar[str] = "jigsaw-grey"
    needs: ClassVar[frozenset[str]] = frozenset()
    paper: ClassVar[str] = "J. Imaging 12(2):65 (2026); A. C. Gallagher, CVPR 2012"
    slow: ClassVar[bool] = True

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Schemes that scramble the planes of a picture as one grey image."""
        del shape
        return "" if str(scheme.id).startswith("etc-grey/") else "no planes in one grey image"

    def seconds_a_picture(self, shape: tuple[int, ...]) -> float:
        """Of the smallest usual blocks that there are not too many of."""
        h, w, _ = shape
        return next(
            (seconds_of(CANDIDATES * h * w // side**2) for side in sorted(SIDES[:3]) if h * w // side**2 <= MOST), 0.0
        )

    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """Each picture on its own; steps are not used."""
        del steps
        h, w, _ = view.shape
        fitting = [side for side in sides(view) if 1 < h * w // side**2 <= MOST]
        if not fitting or view.targets.shape[1:] != (h, 3 * w, 1) or view.targets.dtype != np.uint8:
            return Guess(fitted(view.targets, view))
        side = fitting[0]
        found = [restored_grey(image, side, Scrambled(turns=8, negatives=True), rng) for image in view.targets]
        notes = {"joined": [one.joined for one in found], "worth": [one.worth for one in found]}
        return Guess(
            np.stack([np.repeat(one.picture, 3, axis=2) for one in found]),
            notes={"block": side, **{name: float(np.mean(values)) for name, values in notes.items()}},
        )


def done(view: View) -> Scrambled:
    """What the scheme does to blocks; all that EtC does where nobody said which scheme it is."""
    scheme, fields = str(view.scheme), view.fields
    if scheme.startswith("shf/"):
        return Scrambled(inside=True, moved=False)
    if scheme.startswith("patch/"):
        return Scrambled(inside=bool(fields.get("pixels", True)), moved=bool(fields.get("blocks", True)))
    return Scrambled(turns=8, negatives=True, colours=True)

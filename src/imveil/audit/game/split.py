"""Split: which pictures an attacker gets and which are kept from him. A target is never given away."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from imveil.attacks.base import U8, Oracle, View
from imveil.audit.game.challenger import Challenger
from imveil.errors import BadInput


@dataclass(frozen=True)
class Terms:
    """How much an attacker is given, of what his attack needs.

    Attributes
    ----------
    targets
        Pictures to get back.
    ciphers
        Further cipher images.
    pairs
        Known pictures with their cipher images.
    other_pairs
        The like, twice as high and wide as the targets: each shows four pictures.
    queries
        How many images the oracle encrypts, None for any number.
    public
        Plain pictures of the same kind.
    gallery
        Candidates, the targets among them, for re-identification too.
    crop
        Of larger cipher images and pictures only this many rows and columns are played with; 0: all. It is for attacks
        that are `local`.
    """

    targets: int = 40
    ciphers: int = 100
    pairs: int = 1
    other_pairs: int = 1
    queries: int | None = None
    public: int = 1000
    gallery: int = 1000
    crop: int = 0

    def used(self, needs: frozenset[str]) -> dict[str, int | None]:
        """Of the terms, those that matter to an attack with these needs."""
        wanted = {"targets", "gallery", *needs} | ({"queries"} if "oracle" in needs else set())
        return {name: value for name, value in asdict(self).items() if name in wanted} | (
            {"crop": self.crop} if self.crop else {}
        )


@dataclass(frozen=True)
class Split:
    """Pictures of a game: targets, and what is given away; public and gallery are there for the referee in any case."""

    targets: U8
    pairs: U8
    ciphers: U8
    public: U8
    gallery: U8
    right: Any  # (targets,) where in the gallery each target is
    others: U8  # known pictures of another size


def split_pictures(images: U8, terms: Terms, needs: frozenset[str], seed: int) -> Split:
    """Draw targets, pairs, pictures behind the further cipher images, public pictures: all disjoint.

    Decoys of the gallery are drawn from the other end, and are disjoint from the rest as long as there are enough
    pictures. The targets of a seed are the same whatever an attack needs. Raises BadInput where pictures are too few.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(images))
    sizes = [
        terms.targets,
        terms.pairs if "pairs" in needs else 0,
        terms.ciphers if "ciphers" in needs else 0,
        4 * terms.other_pairs if "other_pairs" in needs else 0,
    ]
    least = sum(sizes) + ("public" in needs)
    if terms.targets < 1 or len(images) < least:
        raise BadInput(
            f"{max(least, 1)} pictures are needed ({terms.targets} targets, {sizes[1]} pairs, {sizes[2]} ciphers), "
            f"got {len(images)}",
            hint="take fewer targets, pairs or ciphers, or give more pictures",
        )
    targets, pairs, ciphers, others, rest = np.split(order, np.cumsum(sizes))
    decoys = order[terms.targets :][::-1][: max(terms.gallery - terms.targets, 0)]
    seats = np.random.default_rng([seed, 2]).permutation(len(decoys) + terms.targets)
    gallery = np.empty((len(seats), *images.shape[1:]), np.uint8)
    gallery[seats] = images[np.concatenate([targets, decoys])]
    return Split(
        images[targets],
        images[pairs],
        images[ciphers],
        images[rest[: terms.public]],
        gallery,
        seats[: terms.targets],
        mosaics(images[others]),
    )


def mosaics(images: U8) -> U8:
    """Pictures of four each, two by two: (4 n, h, w, c) -> (n, 2 h, 2 w, c)."""
    h, w, c = (int(d) for d in images.shape[1:])
    return np.ascontiguousarray(images.reshape(-1, 2, 2, h, w, c).swapaxes(2, 3).reshape(-1, 2 * h, 2 * w, c))


def cropped(split: Split, held: View, side: int) -> tuple[Split, View]:
    """Both with the middle of every picture and cipher image only, of at most `side` rows and columns.

    Encryption saw whole pictures. Where cipher images are of another size than pictures nothing is cut.
    """
    if not side or held.targets.shape[1:] != held.shape or max(held.shape[:2]) <= side:
        return split, held

    def part(images: Any) -> Any:
        return None if images is None else middle(images, side)

    pairs = None if held.pairs is None else (part(held.pairs[0]), part(held.pairs[1]))
    whole = {name: part(getattr(held, name)) for name in ("targets", "ciphers", "public", "gallery")}
    shown = replace(held, **whole, pairs=pairs, shape=part(split.targets).shape[1:])
    parts = {name: part(getattr(split, name)) for name in ("targets", "pairs", "ciphers", "public", "gallery")}
    return replace(split, **parts), shown


def middle(images: Any, side: int) -> Any:
    """The middle of images (n, h, w, c), of at most `side` rows and columns; corners of scans are black.

    >>> middle(np.arange(16).reshape(1, 4, 4, 1), 2)[0, :, :, 0].tolist()
    [[5, 6], [9, 10]]
    """
    top, left = (max(0, (size - side) // 2) for size in images.shape[1:3])
    return np.ascontiguousarray(images[:, top : top + side, left : left + side])


def view(split: Split, challenger: Challenger, terms: Terms, needs: frozenset[str]) -> View:
    """What the attacker holds: the cipher images of the targets, and exactly what he needs."""
    h, w, c = (int(d) for d in split.targets.shape[1:])
    asked = [0]

    def answer(images: U8) -> Any:
        asked[0] += 1
        return challenger.encrypt(images, f"query {asked[0]}")

    return View(
        targets=challenger.encrypt(split.targets, "target"),
        shape=(h, w, c),
        scheme=challenger.scheme,
        fields=dict(challenger.fields),
        ciphers=challenger.encrypt(split.ciphers, "cipher") if "ciphers" in needs else None,
        pairs=(split.pairs, challenger.encrypt(split.pairs, "pair")) if "pairs" in needs else None,
        other_pairs=(split.others, challenger.encrypt(split.others, "other")) if "other_pairs" in needs else None,
        oracle=Oracle(answer, terms.queries) if "oracle" in needs else None,
        public=split.public if "public" in needs else None,
        gallery=split.gallery if "gallery" in needs else None,
        simulate=challenger.simulate() if "simulate" in needs else None,
    )

"""Leaks: what cipher images show to anyone who looks, tested in a second, with no attack and no other knowledge.

    for leak in leaks(ciphers):
        print(leak.words)

Equal cipher images, reused streams, equal blocks, uneven values, and smoothness: of the images as they are, of their
parts, halves of bytes, bit planes and differences of planes. Every test is held against what perfectly random images
of that size would give; on random images none of them finds anything (a law tests it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from imveil.attacks.base import U8
from imveil.metrics.chi_square import chi_square
from imveil.metrics.repeats import equal_ciphers, reused_streams

MOST = 300  # images: more change nothing
MOST_SAMPLES = 1 << 21  # where pixels are looked at one by one: of large images few tell as much
LEAST = 20  # images, however large
SIDE = 64  # pixels: of larger images a corner is looked at where positions do not matter
BLOCKS = (16, 8)  # bytes, the block sizes of AES and of older ciphers
_SMOOTH, _PICTURE, _SURE = 0.97, 0.6, -6.0
_MANY = 0.5
_AT_ONCE = 1 << 22  # samples: large pictures are a few at a time
_TILES = 4  # a side of the grid in which parts are looked for
_DIGEST = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)  # odd: of equal blocks the sums are equal
_CHI_SQUARE = 400.0  # of 255 degrees of freedom: random images exceed it once in 10^8


@dataclass(frozen=True)
class Leak:
    """Something that cipher images show by themselves.

    Attributes
    ----------
    name
        In a word or two, for tables.
    share
        Of the images, or of their area, that show it, 0 to 1.
    level
        What it makes of a verdict at least: "partly open" where something of the pictures lies open to the eye,
        "recognisable" where pictures can be told apart by it, "" where it only calls for a look.
    words
        What was seen and what it means, in a sentence.
    """

    name: str
    share: float
    level: Literal["partly open", "recognisable", ""]
    words: str


def constant(ciphers: U8) -> bool:
    """Whether all cipher images are the same, so that they say nothing, to an owner neither.

    >>> constant(np.zeros((3, 2, 2, 1), np.uint8))
    True
    """
    return len(ciphers) > 1 and bool((ciphers == ciphers[0]).all())


def leaks(ciphers: U8) -> list[Leak]:
    """What the cipher images show, the worst first. ciphers: (n, h, w, c) uint8; nothing is found in fewer than two.

    >>> leaks(np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8))
    []
    """
    if ciphers.dtype != np.uint8 or ciphers.ndim != 4 or len(ciphers) < 2:
        return []
    some = ciphers[:MOST]
    few = some[: max(LEAST, MOST_SAMPLES // some[0].size)]
    found = [*_copies(some), *_one_key(some), *_blocks(few), *_parts(few), *_smooth(few), *_values(some)]
    return sorted(found, key=lambda leak: ("partly open", "recognisable", "").index(leak.level))


def different(images: U8) -> U8:
    """The images without those that occur before: copies of one image tell nothing about a cipher.

    >>> len(different(np.array([1, 2, 1], np.uint8).reshape(3, 1, 1, 1)))
    2
    """
    first = {image.tobytes(): i for i, image in reversed(list(enumerate(images)))}
    return images[sorted(first.values())]


def _copies(ciphers: U8) -> Iterator[Leak]:
    share = float(equal_ciphers(ciphers).mean())
    if share:
        words = (
            f"{_percent(share)} of the cipher images occur more than once: equal pictures are encrypted alike, and "
            "anyone sees which ones are equal."
        )
        yield Leak("equal cipher images", share, "recognisable", words)


def _one_key(ciphers: U8) -> Iterator[Leak]:
    corner = different(np.ascontiguousarray(ciphers[:, :SIDE, :SIDE]))
    share = float(reused_streams(corner, alpha=1e-6).mean()) if len(corner) > 1 else 0.0
    # Pictures that are smooth as they are agree with each other, too: only rough images speak of a key.
    if not share or alike(corner) < _PICTURE or any(_parts(ciphers)):
        return
    if share < _MANY and any(_blocks(ciphers)):  # a few that agree in equal blocks share no stream for that
        return
    if any(_values(ciphers)):
        words = (
            f"{_percent(share)} of the cipher images agree with another one place by place, as images do whose pixels "
            "were moved in one way for all: one key serves for many images."
        )
        yield Leak("one key for all", share, "partly open", words)
    else:
        words = (
            f"{_percent(share)} of the cipher images were made with a sequence that hides another image too: a reused "
            "stream. Two such images tell about each other, and some tens give all of them back."
        )
        yield Leak("reused stream", share, "partly open", words)


def _blocks(ciphers: U8) -> Iterator[Leak]:
    once = different(ciphers)
    for size in BLOCKS:
        rows = once.reshape(len(once), -1)
        rows = np.ascontiguousarray(rows[:, : rows.shape[1] // size * size])
        if not rows.size:
            continue
        count = np.unique(
            (rows.view("<u8").reshape(-1, size // 8) * _DIGEST[: size // 8]).sum(axis=1), return_counts=True
        )[1]
        share = float(count[count > 1].sum() / count.sum())
        if share > 1e-4:
            words = (
                f"{_percent(share)} of all blocks of {size} bytes occur more than once: equal parts of pictures are "
                "encrypted alike, so their outlines stay visible."
            )
            yield Leak("equal blocks", share, "partly open" if share >= 0.05 else "recognisable", words)
            return


def _parts(ciphers: U8) -> Iterator[Leak]:
    _, h, w, _ = ciphers.shape
    if min(h, w) < 4 * _TILES or alike(ciphers) < _PICTURE:
        return
    rows, columns = (np.array_split(np.arange(side), _TILES) for side in (h, w))
    plain = [alike(ciphers[:, r][:, :, c]) < _PICTURE for r in rows for c in columns]
    share = float(np.mean(plain))
    if share:
        words = (
            f"About {_percent(share)} of the area of the images is as smooth as a picture: they are encrypted in part "
            "only, and the rest can be seen."
        )
        yield Leak("partly encrypted", share, "partly open", words)


def _smooth(ciphers: U8) -> Iterator[Leak]:
    shuffled = _shuffled(ciphers)
    if _is_smooth(ciphers, shuffled):
        words = "Neighbouring pixels are more alike than distant ones: something of the pictures was left in place."
        yield Leak("smooth", 1.0, "partly open", words)
        return
    for (name, view), (_, disordered) in zip(_views(ciphers), _views(shuffled), strict=True):
        if _is_smooth(view, disordered):
            words = (
                f"{name[0].upper()}{name[1:]} of neighbouring pixels are more alike than those of distant ones: "
                "outlines of the pictures can be made visible."
            )
            yield Leak("smooth in part", 1.0, "partly open", words)
            return


def _views(ciphers: Any) -> Iterator[tuple[str, Any]]:
    yield "the high halves", ciphers >> 4
    yield "the low halves", ciphers & 15
    for bit in reversed(range(8)):
        yield f"the bits of place {bit}", (ciphers >> bit & 1) * np.uint8(255)
    for bit in reversed(range(7)):
        yield (
            f"the differences of bits {bit + 1} and {bit}",
            ((ciphers >> bit ^ ciphers >> bit + 1) & 1) * np.uint8(255),
        )


def _values(ciphers: U8) -> Iterator[Leak]:
    samples = ciphers[0].size
    if samples < 1280:  # fewer than five a value: the test is only rough
        return
    share = float((chi_square(ciphers) > _CHI_SQUARE).mean())
    if share > 0.01:
        words = (
            f"The values of {_percent(share)} of the images are spread unevenly, as random ones never are: brightness "
            "or colours of the pictures were left as they were, and tell pictures apart."
        )
        yield Leak("uneven values", share, "recognisable", words)


def alike(images: U8) -> float:
    """How much less neighbouring pixels differ than pixels from anywhere in the same image, the median over images:
    about 1 for noise and for shuffled pixels, a quarter or less for photographs.

    >>> alike(np.tile(np.arange(16, dtype=np.uint8).repeat(16).reshape(1, 16, 16, 1), (3, 1, 1, 1))) < 0.2
    True
    """
    some = images[:200]
    return float(np.median(_ratios(some, _shuffled(some))))


def _is_smooth(images: U8, shuffled: U8) -> bool:
    ratios = _ratios(images, shuffled)
    # A few images tell their spread badly: of noise it is about 1 / sqrt(pixels), whatever the planes share.
    spread = max(float(ratios.std()), 1.5 / np.sqrt(images[0, :, :, 0].size))
    error = spread / np.sqrt(len(ratios))
    return bool(np.median(ratios) < _SMOOTH and (ratios.mean() - 1) / error < _SURE)


def _ratios(images: U8, shuffled: U8) -> Any:
    return total_variation(images) / np.maximum(total_variation(shuffled), 1e-9)


def _shuffled(images: U8) -> U8:
    """The same pixels in one disorder."""
    n, h, w, c = images.shape
    order = np.random.default_rng(0).permutation(h * w)
    return images.reshape(n, h * w, c)[:, order].reshape(images.shape)


def total_variation(images: U8) -> Any:
    """Mean absolute difference of neighbouring samples, down and across, one per image. (n, h, w, c) -> (n,) float64.

    >>> total_variation(np.zeros((1, 4, 4, 3), np.uint8))
    array([0.])
    """
    step = max(1, _AT_ONCE // max(1, images[:1].size))
    if len(images) > step:
        return np.concatenate([total_variation(images[at : at + step]) for at in range(0, len(images), step)])
    wide = images.astype(np.int16)
    steps = [np.abs(np.diff(wide, axis=axis)).mean(axis=(1, 2, 3)) for axis in (1, 2) if images.shape[axis] > 1]
    return sum(steps, np.zeros(len(images))) / max(1, len(steps))


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"

"""Other people's encryptors, as `imveil audit --encryptor` meets them: good, crashing, hanging, of another size."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

_MASK = np.random.default_rng(1).integers(0, 256, 1 << 16, np.uint8)


def fixed_xor(images: Any) -> Any:
    """One sequence for all pictures."""
    print("a library that talks")  # must not get between the numbers
    return images ^ _MASK[: images[0].size].reshape(images.shape[1:])


def crashes(images: Any) -> Any:
    raise RuntimeError(f"cannot do {len(images)}")


def leaves(images: Any) -> Any:
    sys.exit(len(images))


def hangs(images: Any) -> Any:
    time.sleep(60)
    return images


def dislikes_flat(images: Any) -> Any:
    """One sequence for all pictures; fails on a picture of one colour, which attackers like to ask for."""
    if (images == images[:, :1, :1, :1]).all():
        raise ValueError("no contrast")
    return fixed_xor(images)


def hangs_on_flat(images: Any) -> Any:
    return hangs(images) if (images == images[:, :1, :1, :1]).all() else fixed_xor(images)


def unchanged(images: Any) -> Any:
    return images


def rows_of_numbers(images: Any) -> Any:
    return images.reshape(len(images), -1).astype(np.float32)


def not_finite(images: Any) -> Any:
    return images / np.float32(0)


def nothing(images: Any) -> Any:
    return images[:, :0]


def other_size(images: Any) -> Any:
    return images[:, ::2]


def varying_size(images: Any) -> Any:
    return np.zeros((len(images), 3 + len(images) % 5, 4, 3), np.uint8)


def too_few(images: Any) -> Any:
    return images[:1]


def words(images: Any) -> Any:
    return np.array(["no numbers"] * len(images))


def random_answers(images: Any) -> Any:
    return np.random.default_rng().integers(0, 256, images.shape, np.uint8)


def _theirs(name: str, images: Any, mode: str) -> Any:
    from scramblekit import scramble

    scheme = getattr(scramble, name)(7, image_size=images.shape[1:3], channel_mode=mode)
    return scheme(images, channels_last=True)


def their_etc(images: Any) -> Any:
    """scramblekit's EtC."""
    return _theirs("EtC", images, "permutation")


def their_pe(images: Any) -> Any:
    """scramblekit's PE."""
    return _theirs("PE", images, "permutation")


def their_lossy_etc(images: Any) -> Any:
    """scramblekit's EtC as it comes: it loses a colour in some blocks."""
    return _theirs("EtC", images, "original")


def their_lossy_pe(images: Any) -> Any:
    """scramblekit's PE as it comes: it loses a colour in some pixels."""
    return _theirs("PE", images, "original")

"""Sizes: pictures a step, rate and length of a run from the number of pictures, where nobody says them.

A rate that suits large batches diverges in small ones, and large batches make too few steps of few pictures. Chosen on
held-out pictures of small parts of CIFAR-10 and PneumoniaMNIST (tests/cloud/test_small_sets.py), never on a test set.
"""

from __future__ import annotations

from imveil.cloud.training.settings import Optimiser

SMALLEST, LARGEST = 16, 256  # pictures a step
EPOCH = 30  # steps, at least, where the smallest batch allows it
RUN = 600  # steps of a run without a budget, at least
EPOCHS = 6  # of a run without a budget, at least
SEEN = 4800  # pictures: what a budget leaves room for, however small it is
WARMUP = 30  # steps on which the rate goes up where nobody knows yet how many there will be
FEWEST = 2 * WARMUP  # steps, as for SEEN


def batch_for(pictures: int) -> int:
    """The largest power of two that leaves 30 steps in an epoch, 16 to 256.

    >>> [batch_for(n) for n in (200, 2_000, 5_000, 50_000)]
    [16, 64, 128, 256]
    """
    return int(min(LARGEST, max(SMALLEST, 2 ** (max(1, pictures // EPOCH).bit_length() - 1))))


def rate_for(rate: float, batch: int, optimiser: Optimiser) -> float:
    """The peak rate for batches of this size, of one that is right for 256 pictures: in proportion for SGD, with the
    root for AdamW, whose steps do not grow with gradients.

    >>> rate_for(0.3, 16, "sgd"), rate_for(0.001, 64, "adamw"), rate_for(0.3, 1024, "sgd")
    (0.01875, 0.0005, 0.3)
    """
    share = min(1.0, batch / LARGEST)
    return rate * (share if optimiser == "sgd" else share**0.5)


def epochs_for(pictures: int, batch: int) -> int:
    """Six, or as many as make 600 steps.

    >>> epochs_for(50_000, 256), epochs_for(400, 16)
    (6, 24)
    """
    return max(EPOCHS, -(-RUN // max(1, pictures // batch)))


def fewest(batch: int) -> int:
    """Steps that a run takes whatever its budget: a busy machine makes it late, and not useless.

    >>> fewest(16), fewest(256)
    (300, 60)
    """
    return max(FEWEST, SEEN // batch)

"""Answers and scores of a trained net: logits, accuracy with its interval, per class, confusion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.cloud.checks import check_kind
from imveil.cloud.data.tensors import tensor
from imveil.cloud.device import shortened
from imveil.cloud.training.settings import Precision
from imveil.errors import BadShape, TrainingProblem
from imveil.extras import nn, torch
from imveil.interval import wilson as wilson

Images = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """How many were right. confusion[truth, answer] counts pictures; 95 % interval after Wilson (1927). apart: pictures
    of classes that the model does not know, by name; they are counted nowhere else.

    >>> score = Score(np.array([[9, 1], [2, 8]]))
    >>> score.right, score.n, score.accuracy
    (17, 20, 0.85)
    >>> [round(x, 3) for x in score.interval]
    [0.64, 0.948]
    >>> round(score.balanced, 3), score.always
    (0.85, (0, 0.5))
    """

    confusion: I64
    apart: Mapping[str, int] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many pictures."""
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        """How many of them were answered right."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """right / n, 0..1."""
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson(self.right, self.n)

    @property
    def balanced(self) -> float:
        """The mean over classes of the share that is right, of those that have a picture: what classes of other sizes
        would give."""
        shares = [right / n for right, n in self.per_class if n]
        return float(np.mean(shares))

    @property
    def always(self) -> tuple[int, float]:
        """The commonest class, and the accuracy of answering it always."""
        rows = self.confusion.sum(1)
        return int(rows.argmax()), float(rows.max() / self.n)

    @property
    def per_class(self) -> list[tuple[int, int]]:
        """(right, n) of each class, in order."""
        return [(int(row[k]), int(row.sum())) for k, row in enumerate(self.confusion)]


def predict_logits(net: nn.Module, images: Images, batch: int = 512) -> F32:
    """Logits (n, classes) of pictures (n, h, w, c), in float32 whatever the net was trained in."""
    check_kind(images)
    device = next(net.parameters()).device
    parts = []
    with _still(net), torch.inference_mode():
        for start in range(0, len(images), batch):
            part = tensor(images[start : start + batch]).to(device)
            parts.append(net(part).float().cpu().numpy())
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def softmax(logits: F32) -> F64:
    """Logits (n, classes) as probabilities, rows that sum to 1; NaN where a logit is NaN."""
    with np.errstate(invalid="ignore"):  # a row with NaN stays NaN, for the caller to refuse
        powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: F64 = powers / powers.sum(1, keepdims=True)
    return shares


def evaluate(net: nn.Module, images: Images, labels: I64, batch: int = 512) -> Score:
    """The score of a net on pictures (n, h, w, c) with labels int64 (n,). TrainingProblem where it answers with no
    numbers."""
    if labels.shape != images.shape[:1] or not len(labels):
        raise BadShape(f"a score needs pictures and as many labels, got {images.shape} and {labels.shape}")
    logits = predict_logits(net, images, batch)
    classes = logits.shape[1]
    if labels.min() < 0 or labels.max() >= classes:
        raise TrainingProblem(f"labels must lie in 0..{classes - 1}, got {labels.min()}..{labels.max()}")
    if bad := int((~np.isfinite(logits).all(1)).sum()):
        raise TrainingProblem(f"the net answers {bad:,} of {len(logits):,} pictures with NaN: it has diverged")
    flat = labels.astype(np.int64) * classes + logits.argmax(1)
    return Score(np.bincount(flat, minlength=classes * classes).reshape(classes, classes))


def hits(
    net: nn.Module, images: Any, labels: torch.Tensor, *, precision: Precision = "float32", batch: int = 512
) -> int:
    """How many pictures are answered right: the quick count while training.

    Parameters
    ----------
    images
        A tensor beside the labels, or pictures on disk.
    """
    right = torch.zeros((), dtype=torch.int64, device=labels.device)
    for answers, truth in _asked(net, images, labels, precision, batch):
        right += (answers == truth).sum()
    return int(right)


def counted(
    net: nn.Module, images: Any, labels: torch.Tensor, *, classes: int, precision: Precision = "float32"
) -> tuple[I64, int]:
    """How often each class is the answer, (classes,), and how many answers are right. As for `hits`."""
    answers, right = np.zeros(classes, np.int64), 0
    for given, truth in _asked(net, images, labels, precision, 512):
        answers += np.bincount(given.cpu().numpy(), minlength=classes)
        right += int((given == truth).sum())
    return answers, right


def _asked(
    net: nn.Module, images: Any, labels: torch.Tensor, precision: Precision, batch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Answers beside labels, batch by batch."""
    with _still(net), torch.inference_mode(), shortened(labels.device, precision):
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            part = part if isinstance(part, torch.Tensor) else tensor(part).to(labels.device)
            yield net(part).argmax(1), labels[start : start + batch]


def sound(net: nn.Module, images: torch.Tensor) -> bool:
    """Whether the answers to pictures (n, h, w, c), on the net's device, are numbers. It draws nothing, and leaves the
    net as it was."""
    with _still(net), torch.inference_mode():
        return bool(torch.isfinite(net(images)).all())


class _still:  # noqa: N801 - used as a context, like a function
    """The net in evaluation mode, and back to what it was."""

    def __init__(self, net: nn.Module) -> None:
        self.net, self.was = net, net.training

    def __enter__(self) -> None:
        self.net.eval()

    def __exit__(self, *_: Any) -> None:
        self.net.train(self.was)

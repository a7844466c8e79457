"""A head at the owner's: plain pictures are encoded and answered at home, nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, BadSource, Mismatch
from imveil.owner.embeddings import Progress, embed
from imveil.owner.encoders.base import Encoder
from imveil.owner.features import rows
from imveil.owner.sources.base import Source
from imveil.store.messages.head import Head

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


class Answers(NamedTuple):
    """scores: (n, classes), the larger the surer.   labels: (n,) true classes of the head, -1 where unknown."""

    scores: F64
    labels: I64


def answer(
    head: Head, source: Source, encoder: Encoder, which: Sequence[int] | None = None, *, cache: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Answers:  # fmt: skip
    """The head's scores for pictures of a source, all unless `which` says. Raises Mismatch for another encoder."""
    if encoder.facts != tuple(head.card.features.encoder.model_dump().values()):
        wanted = head.card.features.encoder
        raise Mismatch(f"the head was made with {wanted.name} of weights {wanted.weights[:16]}, this is "
                       f"{encoder.facts.name} with {encoder.facts.weights[:16]}")  # fmt: skip
    chosen = list(range(len(source))) if which is None else list(which)
    place = {name: i for i, name in enumerate(head.card.classes)}
    found = [source.items[i].label for i in chosen]
    labels = [-1 if label is None else place.get(source.classes[label], -1) for label in found]
    embedded = embed(source, chosen, encoder, cache, progress)
    return Answers(head.scores(rows(embedded.numbers, head.card.features)), np.array(labels, np.int64))


def confusion(answers: Answers, classes: int) -> I64:
    """(classes, classes): truth down, answers across. Raises BadSource where no picture has a known class."""
    known = answers.labels >= 0
    if not known.any():
        raise BadSource("no picture has a class of the head", hint="name a folder of classes")
    if not np.isfinite(answers.scores).all():
        raise BadInput("a score is not finite")
    found: I64 = np.zeros((classes, classes), np.int64)
    np.add.at(found, (answers.labels[known], answers.scores[known].argmax(axis=1)), 1)
    return found

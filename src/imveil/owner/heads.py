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
from imveil.owner.picture import Picture
from imveil.owner.sources import is_picture, open_source, read_one
from imveil.owner.sources.base import Item, Source
from imveil.store.messages.head import Head
from imveil.store.messages.round import Features

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


class Answers(NamedTuple):
    """Attributes
    ----------
    scores
        (n, classes), the larger the surer.
    labels
        (n,) true classes of the head, -1 where unknown.
    """

    scores: F64
    labels: I64


class OnePicture(Source):
    """A single file as a source of one picture."""

    def __init__(self, path: Path, form: str | None = None) -> None:
        self.spec, self.classes, self.notes, self.form = str(path), [], [], form
        self.items = [Item(None, None, path.name)]

    def read(self, i: int) -> Picture:
        """The picture. Raises BadImage."""
        return read_one(Path(self.spec).with_name(self.items[i].name), self.form)


def pictures(spec: str, form: str | None = None) -> Source:
    """A file of one picture, or any other source."""
    return OnePicture(Path(spec), form) if is_picture(Path(spec), form) else open_source(spec, form=form)


def answer(
    head: Head, source: Source, encoder: Encoder, which: Sequence[int] | None = None, *, cache: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Answers:  # fmt: skip
    """The head's scores for pictures of a source, all unless `which` says. Raises Mismatch for another encoder."""
    check_encoder(head.card.features, encoder)
    chosen = list(range(len(source))) if which is None else list(which)
    place = {name: i for i, name in enumerate(head.card.classes)}
    found = [source.items[i].label for i in chosen]
    labels = [-1 if label is None else place.get(source.classes[label], -1) for label in found]
    numbers = embed(source, chosen, encoder, cache, progress).numbers
    return Answers(head.scores(rows(numbers, head.card.features)), np.array(labels, np.int64))


def rows_of(features: Features, source: Source, encoder: Encoder, progress: Progress = lambda *_: None) -> I64:
    """The whole numbers of all pictures of a source, as a head takes them: (n, dim + 1)."""
    check_encoder(features, encoder)
    return rows(embed(source, range(len(source)), encoder, None, progress).numbers, features)


def check_encoder(features: Features, encoder: Encoder) -> None:
    """Raise Mismatch unless this is the encoder that a head was made with."""
    wanted = features.encoder
    if encoder.facts != (wanted.name, wanted.weights, wanted.width):
        raise Mismatch(f"the head was made with {wanted.name} of weights {wanted.weights[:16]}, this is "
                       f"{encoder.facts.name} with {encoder.facts.weights[:16]}")  # fmt: skip


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

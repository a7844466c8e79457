"""Answers of a model to cipher pictures in files: each is checked against the model before it is answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
import numpy.typing as npt

from imveil.cloud.checks import check_kind
from imveil.cloud.data.tars import GZIP, files_in, unpacked
from imveil.cloud.modelfile import Model, ModelInfo
from imveil.cloud.prediction import predict_logits, softmax
from imveil.errors import BadDtype, BadShape, BadSource, ImveilError, Mismatch, TrainingProblem
from imveil.store.containers.base import Packed
from imveil.store.files import here, read_bytes
from imveil.store.sets import endings, images_in, recognised

Image = npt.NDArray[Any]


@dataclass(frozen=True)
class Answer:
    """The classes of one picture, the likeliest first, with their probabilities (softmax of the logits)."""

    file: str
    top: list[tuple[str, float]]

    def as_json(self) -> dict[str, Any]:
        """{"file", "class", "probability", "top": [{"class", "probability"}, ...]}"""
        top = [{"class": name, "probability": round(p, 6)} for name, p in self.top]
        return {"file": self.file, **top[0], "top": top}


@dataclass(frozen=True)
class Failure:
    """A picture that could not be answered, and why: one line."""

    file: str
    error: ImveilError


class Given(NamedTuple):
    """The bytes of a file that came otherwise than by its name."""

    name: str
    data: bytes

    def __str__(self) -> str:
        return self.name


def find_images(places: Iterable[str], given: TextIO) -> Iterator[Path | Given]:
    """Files named by `places`: a file as it is, a folder with all files below it that may hold cipher images, in order
    of name, "-" for `given`, which is a file with cipher images, or a list of paths, one a line.

    BadSource for a place that is not there, for a folder without any, and where nothing is given.
    """
    for place in places:
        if place == "-":
            yield from _from(given)
            continue
        path = Path(place)
        here(path, BadSource)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in endings() and p.is_file())
            if not inside:
                raise BadSource(f"{path} holds no cipher pictures, no file that ends with {', '.join(endings())}")
            yield from inside
        elif path.exists():
            yield path
        else:
            raise BadSource(f"there is no file or folder {path}")


def _from(given: TextIO) -> Iterator[Path | Given]:
    raw: Any = getattr(given, "buffer", None)
    # Looking ahead leaves the bytes where they are, so that a long list is answered line by line as it comes.
    if raw is not None and (recognised(start := raw.peek(1024)) or start.startswith(GZIP)):
        yield Given("standard input", raw.read())
        return
    came = False
    for line in given:
        if line.strip():
            came = True
            yield Path(line.rstrip("\r\n"))
    if not came:
        raise BadSource("there are no pictures on standard input", hint="give a list of paths, or the bytes of a file")


def answer(
    model: Model, files: Iterable[Path | Given], *, force: bool = False, top: int = 5, batch: int = 256
) -> Iterator[Answer | Failure]:
    """Answer files in their order. A picture that is broken, or of another key or scheme (Mismatch), is a Failure.

    Parameters
    ----------
    force
        Answer those of another key, scheme or without a tag, too. What `files` raises comes after the answers to what
        it gave before.
    """
    waiting: list[tuple[str, Image | ImveilError]] = []
    try:
        for file in files:
            for name, found in _pictures(file):
                good = found if isinstance(found, ImveilError) else _checked(name, found, model.info, force)
                waiting.append((name, good))
                if len(waiting) == batch:
                    full, waiting = waiting, []
                    yield from _answer(model, full, top)
    except ImveilError:
        yield from _answer(model, waiting, top)
        raise
    yield from _answer(model, waiting, top)


def _pictures(file: Path | Given) -> Iterator[tuple[str, Packed | ImveilError]]:
    """The pictures of a file by name, or why one cannot be read."""
    where = str(file)
    try:
        data = unpacked(file.data if isinstance(file, Given) else read_bytes(file), where)
        for name, part in files_in(data, where) or [(where, data)]:
            try:
                yield from images_in(part, name)
            except ImveilError as error:
                yield name, error
    except ImveilError as error:
        yield where, error


def _checked(name: str, found: Packed, info: ModelInfo, force: bool) -> Image | ImveilError:
    """The picture, or why this model cannot answer it."""
    image: Image = found.image
    tag = found.tag
    if tag is None and not force:
        return Mismatch(f"{name} has no tag that says how it was encrypted", hint="force an answer if you know it")
    try:
        if tag is not None and not force:
            info.check(tag.scheme, tag.fields, tag.fingerprint, name)
        check_kind(image[None])
    except Mismatch as error:
        return error
    except (BadDtype, BadShape) as error:
        return type(error)(f"{name}: {error.message}", hint=error.hint)
    if image.shape != info.shape:
        want, came = ("x".join(map(str, shape)) for shape in (info.shape, image.shape))
        return BadShape(f"the model reads pictures of {want}, {name} has {came}")
    return image


def _answer(model: Model, waiting: list[tuple[str, Image | ImveilError]], top: int) -> Iterator[Answer | Failure]:
    good = [image for _, image in waiting if not isinstance(image, ImveilError)]
    rows = iter(softmax(predict_logits(model.net, np.stack(good))) if good else np.empty((0, 0)))
    for file, image in waiting:
        if isinstance(image, ImveilError):
            yield Failure(file, image)
            continue
        row = next(rows)
        if not np.isfinite(row).all():
            yield Failure(file, TrainingProblem(f"the model answers {file} with NaN: it has diverged"))
            continue
        best = np.argsort(-row, kind="stable")[:top]
        yield Answer(file, [(model.info.classes[k], float(row[k])) for k in best])

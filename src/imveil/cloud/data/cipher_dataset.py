"""From a cipher data set to what is trained on, held out and tested on. The held-out pictures are drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imveil.cloud.checks import check_alike, check_pictures
from imveil.cloud.data.classes import matched
from imveil.cloud.data.streamed import Streamed, too_large
from imveil.errors import TrainingProblem

if TYPE_CHECKING:
    from imveil.store.joined import AnySet

Images = Any  # an array (n, h, w, c), or Streamed
I64 = npt.NDArray[np.int64]
_MOVED = 1024  # pictures that are moved at a time
VALID = ("valid", "val", "validation")


@dataclass(frozen=True)
class Parts:
    """Pictures, in memory or `Streamed`, and labels of the three parts; valid or test may be None.

    Attributes
    ----------
    notes
        How they were cut, for the user.
    classes
        Their names, in the order of labels: those that have a picture to train on.
    apart
        How many pictures to test on are of other classes, by name; they are in no part.
    """

    train: tuple[Images, I64]
    valid: tuple[Images, I64] | None
    test: tuple[Images, I64] | None
    notes: list[str]
    classes: list[str]
    apart: dict[str, int] = field(default_factory=dict)


def hold_out(labels: I64, share: float, most: int, seed: int) -> npt.NDArray[np.bool_]:
    """Which pictures to hold out: `share` of each class, about `most` in all, at least one of a class that has two.

    >>> int(hold_out(np.repeat([0, 1, 2], [20, 5, 1]), 0.1, 5000, seed=0).sum())
    3
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    share = min(share, most / max(1, len(labels)))
    out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) > 1:
            out[rows[: max(1, int(share * len(rows)))]] = True
    return out


def keep_some(labels: I64, limit: int, seed: int) -> npt.NDArray[np.bool_]:
    """Which of the pictures to train on, `limit` of them: as many of each class as the class has of all.

    >>> keep_some(np.repeat([0, 1], [30, 10]), 8, seed=0)[:30].sum()
    np.int64(6)
    """
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    order = rng.permutation(len(labels))
    # The place of a picture among those of its class, as a share of the class: taking the smallest keeps proportions.
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    out = np.zeros(len(labels), dtype=bool)
    out[np.argsort(place, kind="stable")[:limit]] = True
    return out


def load_parts(cipher_set: AnySet, seed: int, limit: int | None = None, *, stream: bool | None = None) -> Parts:
    """Cut a cipher data set into parts. A split "test" is the test, "valid" or "val" the validation, as they are.

    A set without splits gives a fifth of each class, at most 10,000, as test. Without a validation split a tenth of
    what is left of each class, at most 5,000, is held out for it.

    Parameters
    ----------
    limit
        Train on this many pictures only, and validate on a tenth as many.
    stream
        Leave the pictures on disk and read them as they are needed; None: where they would take more than a quarter of
        the memory. TrainingProblem where nothing is to be trained on.
    """
    manifest = cipher_set.manifest
    if not manifest.classes:
        raise TrainingProblem("the data set has no classes, so there is nothing to learn")
    splits, notes = manifest.splits, []
    home = "train" if "train" in splits else "all" if "all" in splits else None
    if home is None:
        raise TrainingProblem(f"the data set has no split 'train', only {', '.join(splits) or 'none'}")
    train = pictures_of(cipher_set, home, stream=stream)
    on_disk = isinstance(train[0], Streamed)
    if on_disk:
        notes.append("pictures stay on disk and are read as they are needed")
    test = pictures_of(cipher_set, "test", stream=on_disk) if splits.get("test") else None
    if test is not None and (test[1] < 0).all():
        notes.append("the pictures of the split test have no labels, so nothing is tested on them")
        test = None
    named = next((name for name in VALID if splits.get(name)), None)
    valid = pictures_of(cipher_set, named, stream=on_disk) if named else None
    classes, train = _learnt(train, manifest.classes, [part[1] for part in (valid, test) if part is not None])
    check_pictures(*train, len(classes), names=classes)
    valid, unknown = _known(valid, manifest.classes, classes, train[0], named or "")
    test, apart = _known(test, manifest.classes, classes, train[0], "test")
    for what, number in (*unknown.items(), *apart.items()):
        notes.append(f"{number:,} pictures are of the class {what}, which has none to train on: they are counted apart")
    if len(train[1]) == len(classes):
        raise TrainingProblem(
            "every class has one picture only: a class cannot be learnt from it", hint="give several of each class"
        )
    if home == "all":
        out = hold_out(train[1], 0.2, 10_000, seed)
        train, test = _cut(train, out)
        notes.append("the set has no splits: a fifth of each class is held out as test")
    if valid is None:
        out = hold_out(train[1], 0.1, min(5_000, (limit or 50_000) // 10), seed)
        train, valid = _cut(train, out) if out.any() else (train, None)
        notes.append(
            "a tenth of the training pictures is held out for validation"
            if valid
            else "there are too few pictures to hold some out for validation"
        )
    if limit is not None and limit < len(train[1]):
        if limit < len(classes):
            raise TrainingProblem(f"{len(classes)} classes need as many training pictures, at most {limit} asked")
        train, _ = _cut(train, ~keep_some(train[1], limit, seed))
    return Parts(train, valid, test, notes, classes, apart)


def _learnt(train: tuple[Images, I64], classes: list[str], others: list[I64]) -> tuple[list[str], tuple[Images, I64]]:
    """The classes that are learnt, and the training pictures with labels of these: one that only other parts have
    pictures of is left out. One that has none at all stays, for `check_pictures` to name."""
    present = set(np.unique(train[1]).tolist())
    elsewhere = {label for labels in others for label in np.unique(labels).tolist()} - present
    kept = [name for label, name in enumerate(classes) if label not in elsewhere]
    return kept, (train[0], matched(train[1], classes, kept)[0])


def _known(
    part: tuple[Images, I64] | None, classes: list[str], kept: list[str], train: Images, name: str
) -> tuple[tuple[Images, I64] | None, dict[str, int]]:
    """The pictures of a part that are of classes that are learnt, and how many are of others, by name.

    Raises BadShape or BadDtype unless they are as those that are trained on.
    """
    if part is None:
        return None, {}
    images: Any = part[0]
    labels = part[1]
    check_alike(images, train, name)
    labels, apart = matched(labels, classes, kept)
    good = labels >= -1
    if not good.any():
        return None, apart
    images = images if good.all() else images.cut(good) if isinstance(images, Streamed) else images[good]
    check_pictures(images, labels[good], len(kept), all_classes=False)
    return (images, labels[good]), apart


def pictures_of(cipher_set: AnySet, split: str, *, stream: bool | None = None) -> tuple[Images, I64]:
    """Pictures and labels of a split, in memory or on disk.

    Parameters
    ----------
    stream
        As for `load_parts`.
    """
    if cipher_set.manifest.splits[split] and stream is not False:
        on_disk = Streamed.open(cipher_set, split)
        if stream or too_large(on_disk):
            return on_disk, on_disk.labels
    loaded = cipher_set.load(split)
    return loaded.images, loaded.labels


def pick_split(splits: dict[str, int], asked: str | None) -> str:
    """The split to evaluate: the one asked for, else "test", else the only one."""
    if asked is None:
        asked = "test" if "test" in splits else next(iter(splits)) if len(splits) == 1 else None
    if asked is None or asked not in splits:
        what = "no split 'test'" if asked is None else f"no split {asked!r}"
        raise TrainingProblem(f"the data set has {what}, it has {', '.join(splits)}", hint="name one with --split")
    return asked


def _cut(part: tuple[Any, I64], out: npt.NDArray[np.bool_]) -> tuple[tuple[Any, I64], tuple[Any, I64]]:
    """The pictures that stay and those to take out, each in their order. In memory they are moved within their array,
    so that none is held twice."""
    images, labels = part
    kept = np.flatnonzero(~out)
    if isinstance(images, Streamed):
        return (images.cut(kept), labels[kept]), (images.cut(out), labels[out])
    taken = images[out]
    for at in range(0, len(kept), _MOVED):  # towards the front: no picture is written over that is still to be moved
        some = kept[at : at + _MOVED]
        images[at : at + len(some)] = images[some]
    images[len(kept) :] = taken
    return (images[: len(kept)], labels[kept]), (images[len(kept) :], labels[out])

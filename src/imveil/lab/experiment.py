"""Experiment: `run(recipe, seed)` encrypts by a recipe, hands tensors to the cloud, and measures.

Everything follows from the recipe and the seed: the split, the key, the net's first weights, the order of batches. The
laboratory plays both sides, so its keys are derived from the seed and protect nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import imveil
from imveil import record
from imveil.audit.game.challenger import key_of
from imveil.keys.key import Key
from imveil.lab.recipe import Query, Recipe
from imveil.lab.recipes import asked, find_recipe
from imveil.record import Record, measured
from imveil.schemes.base import Scheme
from imveil.system import cache_folder

if TYPE_CHECKING:
    from imveil.cloud.training.begin import Start
    from imveil.cloud.training.loop import Trained

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sets:
    """Pictures and labels of a run: train, valid, test."""

    train: tuple[Images, Labels]
    valid: tuple[Images, Labels]
    test: tuple[Images, Labels]
    classes: int


def run(
    recipe: Recipe,
    seed: int,
    name: str = "",
    progress: Callable[[Any], None] | None = None,
    *,
    device: str | None = None,
    checkpoint: Path | None = None,
) -> Record:
    """Train by the recipe and ask the test set once: a record of accuracy in percent, with its 95 % interval over n
    pictures, and that on the held-out ones among its facts.

    Parameters
    ----------
    device
        "cpu", "cuda", or the best there is.
    checkpoint
        A file that lets an interrupted run go on; gone at the end.
    """
    from imveil.cloud.device import accelerator
    from imveil.cloud.prediction import evaluate
    from imveil.lab.output.shown import adapted

    trained = _trained(_Call(replace(recipe, query="same"), seed, progress, device, checkpoint))
    net = trained.net
    sets = plain_sets(recipe, seed)
    key = key_of(seed, "data set" if recipe.query == "same" else "another")
    scheme = imveil.find(recipe.scheme, **recipe.fields)
    score = evaluate(net, encrypted(scheme, sets.test[0], key, "test"), sets.test[1])
    low, high = score.interval
    seen = adapted(net, scheme, key, sets.test[0], sets.valid[0], seed)
    return measured(
        kind="accuracy",
        name=name,
        digest=recipe.digest,
        facts=recipe.facts() | ({} if seen is None else {"output": seen}) | {"valid": trained.history[-1].valid},
        seed=seed,
        value=round(100 * score.accuracy, 4),
        unit="%",
        n=score.n,
        low=round(100 * low, 4),
        high=round(100 * high, 4),
        seconds=round(trained.seconds, 1),
        accelerator=accelerator(next(net.parameters()).device),
    )


def run_all(
    recipes: Sequence[str],
    seeds: Sequence[int],
    *,
    query: Query | None = None,
    again: bool = False,
    device: str = "auto",
    progress: Callable[[str, int, Any], None] = lambda *_: None,
) -> Iterator[tuple[str, int, Record | None]]:
    """Run recipes under seeds, and append a record for each; what was interrupted goes on when it is asked again.

    Parameters
    ----------
    recipes
        Their names, or .py files, as `find_recipe` takes them.
    query
        Under which key the model is asked, "same" or "another"; None: as each recipe says.
    again
        Measure also what the records hold already, for the kind of processor that would be used.
    device
        "auto", "cpu" or "cuda".
    progress
        Called with (name, seed, where its training is).

    Yields
    ------
    (name, seed, its record), None where there is one already.

    Raises
    ------
    UnknownName, BadSource
        Before anything is run.
    """
    from imveil.cloud.device import accelerator, pick_device

    where = pick_device(device)
    kept = cache_folder() / "runs"
    kept.mkdir(parents=True, exist_ok=True)
    chosen = [asked(name, query) for name in recipes]
    for seed in seeds:
        for name, recipe in chosen:
            have = {(r.digest, r.seed, r.machine.get("accelerator")) for r in record.read("accuracy")}
            if (recipe.digest, seed, accelerator(where)) in have and not again:
                yield name, seed, None
                continue
            checkpoint = kept / f"{recipe.digest}-{seed}-{where.type}.pt"
            watch = partial(progress, name, seed)
            result = run(recipe, seed, name, watch, device=device, checkpoint=checkpoint)
            record.append(result)
            yield name, seed, result


@dataclass(frozen=True, eq=False)
class _Call:
    recipe: Recipe
    seed: int
    progress: Callable[[Any], None] | None
    device: str | None = None
    checkpoint: Path | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Call) and self._named == other._named

    def __hash__(self) -> int:
        return hash(self._named)

    @property
    def _named(self) -> tuple[str, int, str | None]:
        return self.recipe.digest, self.seed, self.device


@lru_cache(maxsize=1)  # one net, several questions: the right key, a wrong one
def _trained(call: _Call) -> Trained:
    from imveil.cloud.training.loop import Settings, fit

    recipe, seed = call.recipe, call.seed
    sets, scheme, key = plain_sets(recipe, seed), imveil.find(recipe.scheme, **recipe.fields), key_of(seed)
    fresh = None
    train, labels = _copied(*sets.train, recipe.copies)
    if recipe.augment == "before":
        fresh = fresh_copies(scheme, key)
    else:
        train = encrypted(scheme, train, key, "train")
    moves = recipe.augment != "none"
    settings = Settings(
        model=recipe.model,
        width=recipe.width,
        adapter=recipe.adapter,
        adapter_options=dict(recipe.adapter_options),
        model_options=dict(recipe.model_options),
        optimiser=recipe.optimiser,
        moved="adapted" if recipe.augment == "adapted" else "input",
        epochs=recipe.epochs,
        batch=recipe.batch,
        lr=recipe.lr,
        seed=seed,
        flip=moves,
        shift=2 if moves else 0,
    )
    settings = replace(settings, **recipe.settings)
    valid = (encrypted(scheme, sets.valid[0], key, "valid"), sets.valid[1])
    trained = fit(
        (train, labels), sets.classes, settings, valid=valid, fresh=fresh, progress=call.progress, device=call.device,
        checkpoint=call.checkpoint, start=_start(call),
    )  # fmt: skip
    if call.checkpoint is not None:
        call.checkpoint.unlink(missing_ok=True)
    return trained


def _start(call: _Call) -> Start | None:
    """The weights that the net begins with, trained with the same seed; None for random ones."""
    if call.recipe.start is None:
        return None
    kept = call.checkpoint and call.checkpoint.with_name(f"{call.checkpoint.name}.start")
    first = _trained(replace(call, recipe=find_recipe(call.recipe.start), checkpoint=kept))
    from imveil.cloud.training.begin import Start

    return Start({name: value.cpu() for name, value in first.net.state_dict().items()})


def _copied(images: Images, labels: Labels, copies: int) -> tuple[Images, Labels]:
    """Every picture followed by its copies, as `imveil encrypt --copies` makes them."""
    if copies == 1:
        return images, labels
    from imveil.owner.picture import Picture
    from imveil.owner.sources.copied import moved

    made = np.repeat(images, copies, axis=0)
    for i in range(len(made)):
        if i % copies:
            made[i] = moved(Picture(made[i], 8), f"train/{i // copies}~{i % copies}").pixels
    return made, np.repeat(labels, copies)


def plain_sets(recipe: Recipe, seed: int) -> Sets:
    """The plain pictures of a run: the held-out ones are drawn from the training set by the seed."""
    from imveil.owner.datasets.cifar import load

    data = load(recipe.data)
    images, labels = data["train"]
    order = np.random.default_rng([seed, 7]).permutation(len(images))
    held, rest = order[: recipe.held_out], order[recipe.held_out :]
    rest = rest[: recipe.images] if recipe.images else rest
    labels = labels.astype(np.int64)
    test_images, test_labels = data["test"]
    return Sets(
        (images[rest], labels[rest]),
        (images[held], labels[held]),
        (test_images, test_labels.astype(np.int64)),
        int(labels.max()) + 1,
    )


def fresh_copies(scheme: Scheme, key: Key) -> Callable[[Any, Any], Any]:
    """What encrypts each augmented batch (torch uint8) in a training run: a cipher image of its own for every copy."""
    if not scheme.traits.per_image:
        return lambda batch, _: scheme.encrypt(batch, key).images

    def fresh(batch: Any, draws: Any) -> Any:
        import torch

        # The number is drawn where the moves of the batch are drawn, so a resumed run goes on with the same keys.
        number = int(torch.randint(2**62, (), generator=draws))
        return scheme.encrypt(batch, key, [f"copy {number}/{i}" for i in range(len(batch))]).images

    return fresh


def encrypted(scheme: Scheme, images: Images, key: Key, split: str) -> Images:
    """The cipher images of a part of the data.

    Parameters
    ----------
    split
        Its name, part of the ids.
    """
    ids = [f"{split}/{i}" for i in range(len(images))]
    cipher: Images = scheme.encrypt(images, key, ids).images
    return cipher

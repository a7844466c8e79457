"""Recipe: one experiment on learning, as a value. `run(recipe, seed)` encrypts, hands tensors to the cloud, and
measures.

Everything follows from the recipe and the seed: the split, the key, the net's first weights, the order of batches. The
laboratory plays both sides, so its keys are derived from the seed and protect nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

import imveil
from imveil import registry
from imveil.audit.game.challenger import key_of
from imveil.errors import BadSource
from imveil.keys.key import Key
from imveil.record import Record, digest_of, measured
from imveil.schemes.base import Scheme
from imveil.system import folder

if TYPE_CHECKING:
    from imveil.cloud.training.loop import Trained

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Recipe:
    """What is trained on what, and how it is asked.

    data: "cifar10" or "cifar100".   scheme, fields: how pictures are hidden.   query: test pictures under the "same"
    key as the training pictures, or under "another".   model, width, adapter, epochs, batch, lr: see
    `cloud.loop.Settings`. adapter_options, model_options: of their files. augment: "none", "before" encryption (a
    fresh cipher image each epoch), "after" it (flips and shifts of cipher images), or of what the adapter makes of them
    ("adapted"). images: how many training pictures, None for all that are not held out.
    held_out: pictures of the training set kept for choices; the test set is asked once, at the end. copies: how many
    versions of each training picture the owner encrypts, all but one flipped and shifted; an epoch sees all of them.
    start: another recipe, whose net gives the first weights, where their names and shapes are the same.
    settings: more of `cloud.loop.Settings`, by name: weight_decay, shift, schedule, mirror, ...
    """

    data: str = "cifar10"
    scheme: str = "plain/1"
    fields: Mapping[str, Any] = field(default_factory=dict)
    query: Literal["same", "another"] = "same"
    model: str = "cnn"
    width: int | None = None
    adapter: str = "none"
    epochs: int = 6
    batch: int = 256
    lr: float = 0.3
    augment: Literal["none", "before", "after", "adapted"] = "none"
    images: int | None = None
    held_out: int = 5000
    adapter_options: Mapping[str, Any] = field(default_factory=dict)
    model_options: Mapping[str, Any] = field(default_factory=dict)
    optimiser: Literal["sgd", "adamw"] = "sgd"
    copies: int = 1
    start: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names this recipe exactly, 16 hex digits: of what differs from the defaults, which therefore never change.

        So a recipe keeps its records when recipes, or schemes, get a new field.

        >>> Recipe().digest == Recipe(epochs=6).digest != Recipe(epochs=7).digest
        True
        """
        plain, hidden = Recipe(), imveil.find(self.scheme).config()
        said = {name: value for name, value in asdict(self).items() if value != getattr(plain, name)}
        said["fields"] = {name: value for name, value in self.fields.items() if value != hidden[name]}
        return digest_of(said)

    def facts(self) -> dict[str, Any]:
        """The recipe as JSON can hold it, with every field of the scheme spelt out."""
        return {**asdict(self), "fields": imveil.find(self.scheme, **self.fields).config()}


@dataclass(frozen=True)
class Sets:
    """Pictures and labels of a run: train, valid, test."""

    train: tuple[Images, Labels]
    valid: tuple[Images, Labels]
    test: tuple[Images, Labels]
    classes: int


def find_recipe(name: str) -> Recipe:
    """The `RECIPE` of recipes/NAME.py; UnknownName with the nearest names."""
    files = {file.stem: file for file in folder("recipes").glob("*.py") if not file.stem.startswith("_")}
    if name not in files:
        raise registry.unknown("recipe", name, files)
    spec = spec_from_file_location(f"imveil_recipe_{name}", files[name])
    if spec is None or spec.loader is None:
        raise BadSource(f"{files[name]} cannot be imported")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (TypeError, NameError, AttributeError, SyntaxError, ImportError) as error:
        raise BadSource(f"{files[name].name} cannot be read: {error}") from error
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise BadSource(f"{files[name].name} holds no RECIPE", hint="RECIPE = Recipe(...)")
    return recipe


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

    checkpoint: a file that lets an interrupted run go on; gone at the end. device: "cpu", "cuda", or the best there is.
    """
    from imveil.cloud.device import accelerator
    from imveil.cloud.prediction import evaluate
    from imveil.lab.adapter_output import adapted

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


def _start(call: _Call) -> dict[str, Any] | None:
    """The weights that the net begins with, trained with the same seed; None for random ones."""
    if call.recipe.start is None:
        return None
    kept = call.checkpoint and call.checkpoint.with_name(f"{call.checkpoint.name}.start")
    first = _trained(replace(call, recipe=find_recipe(call.recipe.start), checkpoint=kept))
    return {name: value.cpu() for name, value in first.net.state_dict().items()}


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
    """The cipher images of a part of the data. split: its name, part of the ids."""
    ids = [f"{split}/{i}" for i in range(len(images))]
    cipher: Images = scheme.encrypt(images, key, ids).images
    return cipher

"""The cloud: has cipher images, labels and the model, never the key. May import store, plans, attacks.

from imveil import cloud

model = cloud.train("ciphers", epochs=6)
model.save("model.safetensors")
cloud.load("model.safetensors").predict(images)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imveil import registry

if TYPE_CHECKING:
    from imveil.cloud.data.torch_dataset import CipherDataset as CipherDataset
    from imveil.cloud.exporting import export as export
    from imveil.cloud.modelfile import Model as Model
    from imveil.cloud.prediction import Score as Score
    from imveil.cloud.training.settings import Progress

__getattr__, __dir__ = registry.face(
    __name__,
    {
        "CipherDataset": "imveil.cloud.data.torch_dataset",
        "Model": "imveil.cloud.modelfile",
        "Score": "imveil.cloud.prediction",
        "export": "imveil.cloud.exporting",
    },
)


def train(
    path: str | Path,
    *,
    model: str = "auto",
    width: int | None = None,
    epochs: int | None = None,
    budget: str | float | None = None,
    limit: int | None = None,
    stream: bool | None = None,
    batch: int = 256,
    lr: float | None = None,
    seed: int = 0,
    augment: bool | None = None,
    adapter: str = "auto",
    attack: bool = True,
    model_options: Mapping[str, Any] | None = None,
    adapter_options: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    start: str | Path | None = None,
    checkpoint: str | Path | None = None,
    restart: bool = False,
    log: str | Path | None = None,
    device: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    tell: Callable[[str, str], object] | None = None,
) -> Model:
    """Train a model on the cipher data set in the folder `path`; what is not said is chosen for its scheme.

    Parameters
    ----------
    path
        A cipher data set, or a folder whose folders are its parts.
    model, adapter
        Names, see `imveil.registry`; "auto" takes those that suit the scheme, "none" is no adapter.
    attack
        Begin, where the adapter is "auto", with what the cipher images give away of their plan.
    width, model_options, adapter_options
        Of the model and adapter, their own defaults where not given.
    epochs
        How often every picture is seen, 6 unless given; or.
    budget
        A time to plan them for, "10m" or seconds.
    limit
        Train on so many pictures only.
    stream
        Leave pictures on disk; None: where they are many.
    batch, lr, seed
        Pictures a step, peak learning rate, and the seed of weights, order and what is held out.
    augment
        Flips and shifts; None: where the scheme lets pictures be moved.
    recipe
        More `Settings`, such as {"optimiser": "adamw", "ema": 0.99}.
    start
        A model file to begin with, where weights fit.
    checkpoint
        A file that is written on the way; a run that finds it goes on from it, unless `restart`. It stays.
    log
        A folder for log.csv, curves.png and report.html.
    device
        "cpu", "cuda" or "auto".
    progress
        Called every few steps.
    tell
        Called with (name, text) for each choice that is made.

    Returns
    -------
    Model, with `predict`, `save`, `score` (on the test pictures, where the set has some), `history` and `info`.

    Raises
    ------
    BadManifest, BadShard, TrainingProblem, BadField, UnknownName; MissingExtra without torch.
    """
    from imveil.cloud.training.run import train_on

    return train_on(
        path, model=model, width=width, epochs=epochs, budget=budget, limit=limit, stream=stream, batch=batch, lr=lr,
        seed=seed, augment=augment, adapter=adapter, attack=attack, model_options=model_options,
        adapter_options=adapter_options, recipe=recipe, start=start, checkpoint=checkpoint, restart=restart, log=log,
        device=device, progress=progress, tell=tell,
    )  # fmt: skip


def load(path: str | Path, device: str | None = None) -> Model:
    """The model in a file, ready to answer. Raises BadModelFile for one that is foreign, truncated or altered."""
    from imveil.cloud.modelfile import load_model

    return load_model(path, device)


def evaluate(model: Model | str | Path, path: str | Path, split: str | None = None, *, force: bool = False) -> Score:
    """The score of a model on a cipher data set: `accuracy`, its 95 % `interval`, `per_class`, `confusion`.

    Parameters
    ----------
    model
        A Model, or the path of its file.
    path
        A cipher data set.
    split
        Its split, "test" unless given.
    force
        Score pictures of another key or scheme, too.

    Raises
    ------
    Mismatch, for pictures that the model does not read; TrainingProblem, where there is no such split.
    """
    from imveil.cloud.scores import opened, scored

    loaded = load(model) if isinstance(model, str | Path) else model
    return scored(loaded, opened(loaded.info, path, force), split)[0]

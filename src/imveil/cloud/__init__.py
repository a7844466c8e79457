"""The cloud: has cipher images, labels and the model, never the key. May import store, plans, attacks.

from imveil import cloud

model = cloud.train("ciphers", epochs=6)
model.save("model.safetensors")
cloud.load("model.safetensors").predict(images)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imveil import registry

if TYPE_CHECKING:
    from imveil.cloud.data.torch_dataset import CipherDataset as CipherDataset
    from imveil.cloud.exporting import export as export
    from imveil.cloud.modelfile import Model as Model
    from imveil.cloud.prediction import Score as Score
    from imveil.cloud.training.run import train as train

__getattr__, __dir__ = registry.face(
    __name__,
    {
        "CipherDataset": "imveil.cloud.data.torch_dataset",
        "Model": "imveil.cloud.modelfile",
        "Score": "imveil.cloud.prediction",
        "export": "imveil.cloud.exporting",
        "train": "imveil.cloud.training.run",
    },
)


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

"""The model file: a net, and what it was trained on, so that owner and cloud can disagree loudly.

A safetensors file with weights, normalisation included, and a JSON description: scheme, fields, traits and key
*fingerprint* of the cipher pictures, classes, shape, settings. It holds no key and cannot: the cloud has none.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from imveil.cloud import safefile
from imveil.cloud.classifier import Classifier
from imveil.cloud.data.tensors import batches
from imveil.cloud.device import pick_device
from imveil.cloud.prediction import F64, I64, Score, predict_logits, softmax
from imveil.cloud.training.begin import Start
from imveil.cloud.training.loop import Trained
from imveil.cloud.training.settings import Epoch, Settings
from imveil.errors import BadDestination, BadModelFile, ImveilError, Mismatch
from imveil.extras import nn, torch
from imveil.store.manifest import Manifest

FORMAT, VERSION = "imveil-model", 1
_SPARE = 256  # modules of a net beside those that have weights
Side = Annotated[int, Field(ge=1, le=65536)]


class ModelInfo(BaseModel):
    """What a model file says about itself.

    Attributes
    ----------
    mean, std
        Per channel.
    valid, test
        (right, n) or None.
    preparation
        What was done to the pictures before they were encrypted.
    class_check
        The keyed digest of the true classes, as the manifest has it: hidden labels of other classes have other ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["imveil-model"] = "imveil-model"
    version: Literal[1] = 1
    scheme: str
    fields: dict[str, Any]
    traits: dict[str, Any]
    fingerprint: str
    classes: Annotated[list[str], Field(min_length=2, max_length=1_000_000)]
    shape: tuple[Side, Side, Annotated[int, Field(ge=1, le=4)]]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    settings: Settings
    images: int
    valid: tuple[int, int] | None = None
    test: tuple[int, int] | None = None
    preparation: dict[str, str] = Field(default_factory=dict)
    class_check: str | None = None

    @field_validator("settings", mode="before")
    @classmethod
    def _older(cls, value: Any) -> Any:
        """Files written before there was a `precision` say whether it was bf16."""
        if isinstance(value, dict) and "bf16" in value:
            rest = {name: known for name, known in value.items() if name != "bf16"}
            return {**rest, "precision": "bf16" if value["bf16"] else "float32"}
        return value

    def reading(
        self, *, scheme: str, fields: Mapping[str, Any], traits: Mapping[str, Any], fingerprint: str
    ) -> ModelInfo:
        """What is said of a model that was changed for cipher pictures of a key, its normalisation taken into the net.

        What holds for plain pictures only is switched off: the mean over a picture and its mirror image, and scores
        that were measured so.
        """
        channels = self.shape[2]
        same = scheme == self.scheme and not self.settings.mirror
        return self.model_copy(update={
            "scheme": scheme, "fields": dict(fields), "traits": dict(traits), "fingerprint": fingerprint,
            "mean": (0.0,) * channels, "std": (1.0,) * channels, "settings": replace(self.settings, mirror=False),
            "valid": self.valid if same else None, "test": self.test if same else None,
        })  # fmt: skip

    def check_classes(self, manifest: Manifest, what: str) -> None:
        """Mismatch where `what` has no class that the model knows, or hides others under the same key.

        Under another key nobody can tell, and whoever forces an answer has been told of that key.
        """
        if not set(manifest.classes) & set(self.classes):
            raise Mismatch(f"the model knows the classes {_few(self.classes)}, {what} has {_few(manifest.classes)}")
        if manifest.fingerprint == self.fingerprint and manifest.hides_others(self.class_check):
            raise Mismatch(
                f"the hidden classes of {what} are others than those that the model was trained on",
                hint="encrypt it with the same class folders; imveil labels --key says which is which",
            )

    def check(self, scheme: str, fields: Mapping[str, Any], fingerprint: str, what: str) -> None:
        """Mismatch, with both values, unless `what` was encrypted as the model's training pictures were."""
        hint = "encrypt it the way the training pictures were, or force an answer"
        if scheme != self.scheme:
            raise Mismatch(f"the model was trained on {self.scheme}, {what} is {scheme}", hint=hint)
        mine, theirs = _plain(self.fields), _plain(fields)
        for name in sorted(mine.keys() | theirs.keys()):
            if mine.get(name) != theirs.get(name):
                values = f"{name}={mine.get(name)!r}, {what} has {name}={theirs.get(name)!r}"
                raise Mismatch(f"the model was trained on {scheme} with {values}", hint=hint)
        if fingerprint != self.fingerprint:
            raise Mismatch(
                f"the model was trained under key {self.fingerprint}, {what} is under key {fingerprint}", hint=hint
            )


@dataclass(frozen=True)
class Model:
    """A model, loaded or just trained.

    Attributes
    ----------
    net
        Pictures (n, h, w, c) -> logits.
    info
        What it was trained on. Of one that was just trained also history: an entry an epoch, score: on the test
        pictures, where the set has some, and seconds.
    """

    net: Classifier
    info: ModelInfo
    history: tuple[Epoch, ...] = ()
    score: Score | None = None
    seconds: float = 0.0

    @property
    def classes(self) -> list[str]:
        """Names in the order of labels."""
        return list(self.info.classes)

    def predict(self, images: Any) -> I64:
        """The class of each cipher picture, (n,) int64, as its place in `classes`.

        images: (n, h, w, c) or (n, c, h, w), numpy or torch, of the kind that was trained on (uint8, or float32); one
        picture without its n; what a `CipherDataset` gives, an item or all of it; a batch of a DataLoader of one.
        Whether they are under the key that the model knows cannot be seen from arrays. Raises BadShape, BadDtype.
        """
        found: I64 = self.probabilities(images).argmax(axis=1)
        return found

    def probabilities(self, images: Any) -> F64:
        """How likely each class is, (n, classes), rows that sum to 1: the softmax of the logits. As for `predict`."""
        logits = np.concatenate(
            [predict_logits(self.net, some) for some in batches(images, self.net.shape)]
            or [np.zeros((0, len(self.info.classes)), np.float32)]
        )
        return softmax(logits)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the model file, safetensors, whole or not at all. BadDestination where there is one and not `force`."""
        save_net(Path(path), self.net, self.info, force=force)

    def __repr__(self) -> str:
        facts = f"{self.info.settings.model} of {len(self.info.classes)} classes, {self.info.scheme}"
        return f"Model({facts}, key {self.info.fingerprint})"


def describe(trained: Trained, classes: list[str], **about: Any) -> ModelInfo:
    """The description of a trained net.

    Parameters
    ----------
    about
        Scheme, fields, traits, fingerprint, images, valid, test.
    """
    return ModelInfo(
        classes=classes,
        shape=trained.net.shape,
        mean=trained.normalisation.mean,
        std=trained.normalisation.std,
        settings=trained.settings,
        **about,
    )


def save_net(path: Path, net: Classifier, info: ModelInfo, *, force: bool = False) -> None:
    """Write a model file, whole or not at all. BadDestination if there is a file already and not `force`."""
    if path.exists() and not force:
        raise BadDestination(f"{path} exists already", hint="choose another name, or overwrite it (force)")
    facts = info.model_dump(mode="json")
    for name in ("preparation", "class_check"):  # a model without is read by what knows nothing of them
        if not facts[name]:
            del facts[name]
    safefile.write(path, net.state_dict(), facts)


def load_model(path: str | Path, device: str | torch.device | None = None) -> Model:
    """Read a model file, its net ready to answer. BadModelFile for one that is foreign, truncated or altered."""
    where, path = pick_device(device), Path(path)
    tensors, facts = safefile.read(path, FORMAT, VERSION)
    try:
        info = ModelInfo.model_validate(facts)
        s = info.settings
        with torch.device("meta"), _at_most(len(tensors)):  # shapes only: the file's own tensors become the weights
            net = Classifier.of(s, len(info.classes), info.shape)
        net.load_state_dict(tensors, assign=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BadModelFile(f"{path} describes no model: {place}: {first['msg']}") from error
    except RuntimeError as error:
        raise BadModelFile(f"{path} does not hold the weights of the model {s.model} that it names") from error
    except ImveilError as error:
        raise BadModelFile(f"{path} names a model that cannot be built: {error}") from error
    net.requires_grad_(False)
    return Model(net.to(where).eval(), info)


@contextlib.contextmanager
def _at_most(tensors: int) -> Iterator[None]:
    """Stop a net that is being built where it has more parts than a file of this many tensors fills: what a file says
    of its depth is nobody's promise."""
    left = _SPARE + 8 * tensors

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise BadModelFile("it names a net that is deeper than the weights that it holds")

    made = nn.modules.module
    hooks = [
        made.register_module_parameter_registration_hook(count),
        made.register_module_module_registration_hook(count),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def weights_of(path: Path, classes: Sequence[str] = (), manifest: Manifest | None = None) -> Start:
    """The weights in a model file, to begin another training with.

    Parameters
    ----------
    path
        A model file.
    classes
        That are trained on.
    manifest
        Of what is trained on. Classes that are hidden under another key are not taken over: their names say nothing.

    Raises
    ------
    BadModelFile
    Mismatch
        For classes of the same names that hide others under the same key.
    """
    tensors, facts = safefile.read(path, FORMAT, VERSION)
    known = facts.get("classes", ())
    if manifest is None:
        return Start(tensors, known, tuple(classes))
    same, others = facts.get("fingerprint") == manifest.fingerprint, manifest.hides_others(facts.get("class_check"))
    if same and others and known == list(classes):
        raise Mismatch(f"the hidden classes of {path} are others than those of what is trained on")
    return Start(tensors, () if others or (manifest.hidden and not same) else known, tuple(classes))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    # As JSON gives them back: a tuple and a list are one field value.
    plain: dict[str, Any] = json.loads(json.dumps(dict(fields)))
    return plain

"""Recipe: one experiment on learning, as a value.

It says what is trained on what, and how it is asked. Its digest never changes, so that it keeps its records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import imveil
from imveil.record import digest_of

Query = Literal["same", "another"]


@dataclass(frozen=True)
class Recipe:
    """What is trained on what, and how it is asked.

    Attributes
    ----------
    data
        "cifar10" or "cifar100".
    scheme, fields
        How pictures are hidden.
    query
        Test pictures under the "same" key as the training pictures, or under "another".
    model, width, adapter, epochs, batch, lr
        See `cloud.loop.Settings`.
    augment
        "none", "before" encryption (a fresh cipher image each epoch), "after" it (flips and shifts of cipher images),
        or of what the adapter makes of them ("adapted").
    images
        How many training pictures, None for all that are not held out.
    held_out
        Pictures of the training set kept for choices; the test set is asked once, at the end.
    adapter_options, model_options
        Of their files.
    copies
        How many versions of each training picture the owner encrypts, all but one flipped and shifted; an epoch sees
        all of them.
    start
        Another recipe, whose net gives the first weights, where their names and shapes are the same.
    settings
        More of `cloud.loop.Settings`, by name: weight_decay, shift, schedule, mirror, ...
    """

    data: str = "cifar10"
    scheme: str = "plain/1"
    fields: Mapping[str, Any] = field(default_factory=dict)
    query: Query = "same"
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
        plain = Recipe()
        said = {name: value for name, value in asdict(self).items() if value != getattr(plain, name)}
        said["fields"] = imveil.find(self.scheme, **self.fields).changed()
        return digest_of(said)

    def facts(self) -> dict[str, Any]:
        """The recipe as JSON can hold it, with every field of the scheme spelt out."""
        return {**asdict(self), "fields": imveil.find(self.scheme, **self.fields).config()}

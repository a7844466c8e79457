"""How a cipher data set or a model was made, so that new pictures are encrypted the same way: no key is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imveil import schemes
from imveil.errors import BadInput, BadShape
from imveil.owner.picture import Picture
from imveil.owner.sources.prepared import Preparation
from imveil.schemes.base import Scheme
from imveil.store.budget import Budget
from imveil.store.containers.base import Packed
from imveil.store.files import opened_regular
from imveil.store.manifest import FILE
from imveil.store.sets import open_set

_MOST = 1 << 26  # bytes of the header of a model file


@dataclass(frozen=True)
class Likeness:
    """What is known: the scheme with its fields, the key's fingerprint, the preparation, the shape of cipher images
    (h, w, c), and for a data set how it is stored."""

    scheme: Scheme
    fingerprint: str
    preparation: Mapping[str, str] = field(default_factory=dict)
    shape: tuple[int, int, int] | None = None
    container: str | None = None
    jpeg: Mapping[str, int] | None = None

    @classmethod
    def of(cls, place: Path) -> Likeness:
        """Of a data set in a folder, or a model file. Raises BadInput for anything else."""
        return _of_set(place) if (place / FILE).exists() or place.is_dir() else _of_model(place)

    def prepared(self, own: Preparation | None) -> Preparation | None:
        """The preparation there, where the caller asks for none of his own. Raises BadField."""
        return own or (Preparation.of(**self.preparation) if self.preparation else None)

    def fitted(self, picture: Picture) -> Picture:
        """The picture with as many channels as there. Raises BadShape for one of another size."""
        if self.shape is None:
            return picture
        h, w, c = self.scheme.plain_shape(self.shape)
        if picture.pixels.shape[2] != c and c in (1, 3):
            picture = Preparation(channels="grey" if c == 1 else "rgb")(picture)
        tile = self.scheme.traits.tile
        came = picture.pixels.shape
        if (-(-came[0] // tile) * tile, -(-came[1] // tile) * tile, came[2]) != (h, w, c):
            raise BadShape(
                f"the picture is {came[0]}x{came[1]}x{came[2]} (height x width x channels), there they are {h}x{w}x{c}",
                hint="make it fit with --resize, --pad and --crop",
            )
        return picture


def _of_set(home: Path) -> Likeness:
    cipher_set = open_set(home)
    manifest = cipher_set.manifest
    shape = None
    if manifest.shards and manifest.count:
        opened = cipher_set.opened(0)
        first = next(iter(opened.read(opened.lines[:1])))
        shape = tuple(first.image.shape) if isinstance(first, Packed) else None
    return Likeness(
        schemes.known(manifest.scheme, **manifest.fields), manifest.fingerprint, manifest.preparation, shape,
        manifest.container, manifest.jpeg,
    )  # fmt: skip


def _of_model(file: Path) -> Likeness:
    try:
        with opened_regular(file, follow=True) as model:
            size = int.from_bytes(model.read(8), "little")
            head = model.read(size) if size <= _MOST else b""
        budget = Budget(len(head))
        facts: dict[str, Any] = budget.json(budget.json(head)["__metadata__"]["imveil"].encode())["facts"]
        if facts["format"] != "imveil-model":
            raise KeyError("format")
        h, w, c = (int(side) for side in facts["shape"])
        known = schemes.known(str(facts["scheme"]), **facts["fields"])
        return Likeness(known, str(facts["fingerprint"]), dict(facts.get("preparation", {})), (h, w, c))
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror or error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{file} is neither a cipher data set nor a model of imveil") from error


__all__ = ["Likeness"]

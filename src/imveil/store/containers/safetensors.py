"""safetensors: the cipher images of a shard as tensors in one file, any kind of numbers, opened by every framework.

The arrays are those of `packing.py`, and `labels`; texts are arrays of bytes, as the format knows no texts:
`names` is (n, longest) uint8 with zeros at the end, `about` (length,) uint8. docs/spec/safetensors.md has the details.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imveil.errors import BadImage
from imveil.extras import need
from imveil.store.containers._single import Items, Single
from imveil.store.containers.base import NOTHING, About, Held
from imveil.store.packing import DTYPES, from_arrays, to_arrays


class Safetensors(Single):
    """One .safetensors file a shard."""

    suffix = "safetensors"
    dtypes = DTYPES
    by_split = True

    def recognises(self, data: bytes) -> bool:
        """The length of a JSON object, and its first brace."""
        return data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) - 8

    def pack(self, items: Items, about: About = NOTHING, number: int = 0) -> bytes:
        """Arrays by name, and a label for each image where it has one, -1 where it has none."""
        del number
        found = to_arrays(items)
        names, said = found["names"], bytes(found["about"].item())
        found["names"] = names.view(np.uint8).reshape(len(names), -1)
        found["about"] = np.frombuffer(said, np.uint8)
        labels = [about.label(path) for path, _, _ in items]
        found["labels"] = np.array([-1 if label is None else label for label in labels], np.int64)
        # No metadata: the library writes several in no fixed order, and the same images must give the same bytes.
        data: bytes = _library().save({name: np.ascontiguousarray(array) for name, array in found.items()})
        return data

    def unpack(self, data: bytes) -> Held:
        """All tensors."""
        library = _library()
        try:
            found: dict[str, Any] = library.load(data)
        except Exception as error:  # the library passes on errors of Rust and numpy; to the caller all mean the same
            raise BadImage(f"this is no safetensors file that can be read: {error}") from error
        if not {"names", "about", "labels"} <= set(found):
            raise BadImage("the safetensors file holds no cipher images as imveil writes them")
        labels, names, about = found.pop("labels"), found["names"], found["about"]
        if names.ndim != 2 or about.ndim != 1 or {names.dtype, about.dtype} != {np.dtype(np.uint8)}:
            raise BadImage("the safetensors file holds names that are no texts")
        if labels.shape != (len(names),):
            raise BadImage("the safetensors file holds arrays of unequal length")
        found["names"] = np.ascontiguousarray(names).view(f"S{max(names.shape[1], 1)}").reshape(len(names))
        found["about"] = np.array(about.tobytes())
        return from_arrays(found, "the safetensors file")


def _library() -> Any:
    return need("safetensors.numpy", "safetensors", "the container safetensors")


CONTAINER = Safetensors()

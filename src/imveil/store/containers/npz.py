"""npz: the cipher images of a shard as arrays in one .npz file. It holds any kind of numbers, and numpy opens it.

The arrays are those of `packing.py`; docs/spec/npz.md has the details.
"""

from __future__ import annotations

from imveil.store import arrays
from imveil.store.containers._single import Items, Single
from imveil.store.containers.base import NOTHING, About, Held, Packed
from imveil.store.packing import DTYPES, from_arrays, to_arrays


class Npz(Single):
    """One .npz file a shard."""

    suffix = "npz"
    dtypes = DTYPES

    def recognises(self, data: bytes) -> bool:
        """The signature of a zip archive."""
        return data.startswith(b"PK")

    def pack(self, items: Items, about: About = NOTHING, number: int = 0) -> bytes:
        """Arrays by name; splits and classes are in the names."""
        del about, number
        return pack(items)

    def unpack(self, data: bytes) -> Held:
        """All arrays."""
        return from_arrays(arrays.load(data), "the .npz file")


def pack(items: Items) -> bytes:
    """The bytes of a file with these images: name, image (h, w, c), tag. All have one scheme and one key.

    >>> import numpy as np
    >>> from imveil.store.tag import Tag
    >>> data = pack([("a", np.full((1, 2, 3), 7, np.float32), Tag("orthogonal/1"))])
    >>> unpack(data)["a"].image.shape
    (1, 2, 3)
    """
    return arrays.dump(to_arrays(items))


def unpack(data: bytes) -> dict[str, Packed]:
    """The images of a file by name. Raises BadImage for what is no such file."""
    return CONTAINER.images(data)


CONTAINER = Npz()

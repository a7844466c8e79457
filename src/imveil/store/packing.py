"""Images and their tags as arrays by name, and back: what the containers of arrays have in common.

images           (n, h, w, c), in the order of names; pictures of other sizes in images_1, images_2, ...
which            (n,) int64: 0 for a picture in images, k for one in images_k, where the order is kept
names            (n,) bytes: the path of each picture in the data set, without an extension
sizes            (n, 2) int64: (h, w) before padding, (0, 0) where nothing was padded
depths           (n,) int64: bits of a sample of the picture, 8 or 16
nonces           (n, 16) uint8, only where each picture has a key of its own
about            bytes: format, scheme, fields and key fingerprint, as in the chunk imVl of a cipher PNG
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadImage
from imveil.store.containers._single import Items, check_paths
from imveil.store.containers.base import Packed
from imveil.store.tag import Tag

DTYPES = ("uint8", "uint16", "float32")
Arrays = dict[str, npt.NDArray[Any]]


def to_arrays(items: Items) -> Arrays:
    """These images as arrays, in the order above. All have one scheme and one key, else BadDtype."""
    groups: dict[Any, list[Any]] = {}
    which = []
    for _, image, _ in items:
        groups.setdefault(image.shape, []).append(image)
        which.append(list(groups).index(image.shape))
    names = [name.encode("utf-8", "surrogateescape") for name, _, _ in items]
    tags = [tag for _, _, tag in items]
    about = {replace(tag, nonce=None, size=None, depth=8).to_bytes() for tag in tags}
    if len(about) > 1 or len({tag.nonce is None for tag in tags}) > 1:
        raise BadDtype("the images of one file must have one scheme, one key, and a nonce each or none")
    found: Arrays = {f"images_{k}" if k else "images": np.stack(g) for k, g in enumerate(groups.values())}
    for array in found.values():
        if array.dtype not in DTYPES:
            raise BadDtype(f"cipher images are {', '.join(DTYPES)}, got {array.dtype}")
    found |= {
        "which": np.array(which, np.int64),
        "names": np.array(names, f"S{max([1, *map(len, names)])}"),
        "sizes": np.array([tag.size or (0, 0) for tag in tags], np.int64).reshape(-1, 2),
        "depths": np.array([tag.depth for tag in tags], np.int64),
    }
    if tags and tags[0].nonce is not None:
        found["nonces"] = np.frombuffer(b"".join(tag.nonce or b"" for tag in tags), np.uint8).reshape(-1, 16)
    return found | {"about": np.array(about.pop() if about else b"")}


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]], what: str) -> dict[str, Callable[[], Packed]]:
    """The images in arrays by name. Raises BadImage, where `what` names the file, for arrays that are none."""
    held = dict(arrays)

    def need(true: bool, holds: str) -> None:
        if not true:
            raise BadImage(f"{what} holds {holds}")

    try:
        groups = [held.pop("images")] if "images" in held else []
        while f"images_{len(groups)}" in held:
            groups.append(held.pop(f"images_{len(groups)}"))
        which, names, sizes, depths, about = (held.pop(k) for k in ("which", "names", "sizes", "depths", "about"))
        nonces = held.pop("nonces", None)
        n = len(names)
        need(not held, f"an unknown member {min(held, default='')!r}")
        need(all(g.ndim == 4 and g.dtype in DTYPES for g in groups), "images that are no cipher images")
        need(which.shape == depths.shape == names.shape == (n,) and sizes.shape == (n, 2), "arrays of unequal length")
        need(nonces is None or (nonces.shape == (n, 16) and nonces.dtype == np.uint8), "nonces of another size")
        need(
            which.dtype.kind in "iu" and depths.dtype.kind in "iu" and sizes.dtype.kind in "iu",
            "numbers of other kinds",
        )
        need(not n or 0 <= int(which.min()) <= int(which.max()) < len(groups), "an image in a group that is not there")
        counts = np.bincount(which, minlength=len(groups)).tolist()
        need(counts == [len(g) for g in groups], "images that are not listed")
        paths = [bytes(name).decode("utf-8", "surrogateescape") for name in names]
        check_paths(paths)
        base = Tag.from_bytes(about.item()) if n else Tag("")
        rows: list[Iterator[Any]] = [iter(group) for group in groups]
        found: dict[str, Callable[[], Packed]] = {}
        for i, path in enumerate(paths):
            h, w = (int(d) for d in sizes[i])
            need(int(depths[i]) in (8, 16) and (h > 0) == (w > 0) and h >= 0, "a depth or size that makes no sense")
            nonce = None if nonces is None else nonces[i].tobytes()
            tag = replace(base, nonce=nonce, size=(h, w) if h else None, depth=int(depths[i]))
            found[path] = partial(Packed, next(rows[which[i]]), tag)
        return found
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(f"{what} holds no cipher images as imveil writes them: {error}") from error

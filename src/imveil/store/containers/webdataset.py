"""webdataset: the cipher images of a shard in one tar, a few members for each, as WebDataset streams them.

    00003-000017.png     a cipher PNG with its tag; .npy, an array (h, w, c), where cipher images are no bytes
    00003-000017.cls     the label in digits, only where there are classes
    00003-000017.json    path: of the image in the data set; tag: the text of the PNG's chunk imVl

docs/spec/webdataset.md has the details.
"""

from __future__ import annotations

import io
import json
import tarfile
from functools import partial
from typing import Any

import numpy as np

from imveil.errors import BadImage
from imveil.store import arrays, png
from imveil.store.budget import Budget
from imveil.store.containers._single import Items, Single, check_paths
from imveil.store.containers.base import NOTHING, About, Held, Packed, cipher_png
from imveil.store.packing import DTYPES
from imveil.store.tag import Tag


class WebDataset(Single):
    """One .tar file a shard."""

    suffix = "tar"
    dtypes = DTYPES
    by_split = True

    def recognises(self, data: bytes) -> bool:
        """The magic of the first header."""
        return data[257:262] == b"ustar"

    def pack(self, items: Items, about: About = NOTHING, number: int = 0) -> bytes:
        """Members in the order of the images, without times, owners or names of users."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for i, (path, image, tag) in enumerate(items):
                key, label = f"{number:05}-{i:06}", about.label(path)
                members = {"png": png.encode(image, tag)} if image.dtype == np.uint8 else {"npy": arrays.npy(image)}
                if label is not None:
                    members["cls"] = str(label).encode()
                members["json"] = json.dumps({"path": path, "tag": tag.to_bytes().decode()}).encode()
                for ending, data in members.items():
                    member = tarfile.TarInfo(f"{key}.{ending}")
                    member.size, member.mode = len(data), 0o644
                    tar.addfile(member, io.BytesIO(data))
        return out.getvalue()

    def unpack(self, data: bytes) -> Held:
        """The members by image; pictures are decoded when asked for."""
        samples: dict[str, dict[str, bytes]] = {}
        budget = Budget(len(data))
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
                for member in tar:
                    key, _, ending = member.name.partition(".")
                    body = tar.extractfile(member) if budget.member(member) else None
                    if body is None or ending in samples.setdefault(key, {}):
                        raise BadImage("the tar holds a member that is no plain file, or comes twice")
                    samples[key][ending] = body.read(member.size)
            found = [_sample(members, budget) for members in samples.values()]
        except BadImage:
            raise
        except Exception as error:  # errors of tarfile and json are of many kinds; to the caller all mean the same
            raise BadImage(f"this is no tar with cipher images as imveil writes them: {error}") from error
        check_paths([path for path, _ in found])
        return dict(found)


def _sample(members: dict[str, bytes], budget: Budget) -> tuple[str, Any]:
    if set(members) - {"cls"} not in ({"png", "json"}, {"npy", "json"}):
        raise BadImage("the tar holds a picture that is not whole")
    facts = budget.json(members["json"])
    path, tag = facts["path"], Tag.from_bytes(facts["tag"].encode())
    if type(path) is not str or len(facts) != 2:
        raise BadImage("the tar holds a picture without a name")
    return path, partial(_image, members, tag)


def _image(members: dict[str, bytes], tag: Tag) -> Packed:
    if "npy" in members:
        return Packed(_array(members["npy"]), tag)
    found = cipher_png(members["png"])
    if found.tag != tag:
        raise BadImage("its tag is not the one beside it")
    return found


def _array(data: bytes) -> Any:
    try:
        array = arrays.from_npy(data, "its array")
    except Exception as error:  # numpy's errors are of many kinds; to the caller all mean the same
        raise BadImage(f"its array cannot be read: {error}") from error
    if array.ndim != 3 or array.dtype not in DTYPES:
        raise BadImage(f"its array is {array.shape} {array.dtype}, no cipher image")
    return array


CONTAINER = WebDataset()

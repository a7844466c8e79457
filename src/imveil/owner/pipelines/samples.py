"""Drop-ins for other people's pipelines: what they pickle, hash and show is where the key is, never the key.

EncryptColumn is a function for `datasets.map`, EncryptSample one for WebDataset's `map`; `torch.py` has a transform.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Self

import numpy as np

import imveil
from imveil.errors import BadDtype, BadIds, BadInput, BadShape, SecretLeak, WrongKey
from imveil.keys.key import Key
from imveil.keys.reference import KeyRef
from imveil.owner.picture import SUFFIXES, Picture, from16, of_image, read_picture
from imveil.owner.shards.writing import Todo, encrypted
from imveil.schemes.base import Scheme
from imveil.store import png


class Keyed:
    """A scheme and its key, or where its key is.

    scheme: or its id, with its fields.

    key: a reference (`KeyRef`) or its text, "owner.key", "env:OWNER_KEY", ...; it is opened now, and again in each
    process that the object is sent to. A Key itself works in this process and its forks; whoever pickles it then gets
    SecretLeak.

    >>> Keyed("negpos/1", Key(bytes(32)), per_image=True)
    Keyed(negpos/1, key=ioes-uskh-tcku-o3ya)
    """

    def __init__(self, scheme: Scheme | str, key: Key | KeyRef | str, **fields: Any) -> None:
        if not isinstance(scheme, str) and fields:
            raise BadInput(f"fields of {scheme.id} are set already", hint="give its id with fields, or the scheme")
        self.scheme = imveil.find(scheme, **fields) if isinstance(scheme, str) else scheme
        self._place = None if isinstance(key, Key) else KeyRef(key) if isinstance(key, str) else key
        opened = key if isinstance(key, Key) else (KeyRef(key) if isinstance(key, str) else key).open()
        self._key: Key | None = opened
        self.fingerprint = opened.fingerprint

    @property
    def key(self) -> Key:
        """The key, opened where it has not been in this process. WrongKey where another lies there now."""
        if self._key is None:
            assert self._place is not None
            key = self._place.open()
            if key.fingerprint != self.fingerprint:
                raise WrongKey(f"{self._place.name} holds key {key.fingerprint} now, it was {self.fingerprint}")
            self._key = key
        return self._key

    def described(self) -> str:
        """Scheme, fingerprint and place of the key, for a repr."""
        place = "" if self._place is None else f", from {self._place.name}"
        return f"{self.scheme.id}, key={self.fingerprint}{place}"

    def __getstate__(self) -> dict[str, Any]:
        if self._place is None:
            raise SecretLeak(
                f"{type(self).__name__} was given a key itself, which works in this process and its forks alone",
                hint="give it the place of the key: a file, env:NAME or cmd:PROGRAM",
            )
        return vars(self) | {"_key": None}

    def __copy__(self) -> Self:
        new = type(self).__new__(type(self))
        new.__dict__.update(vars(self))
        return new

    def __deepcopy__(self, memo: Any) -> Self:
        return self.__copy__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.described()})"

    def files(self, pictures: Sequence[Picture], ids: Sequence[str]) -> list[bytes]:
        """The cipher PNG of each picture, with its tag. Raises BadDtype for a scheme whose ciphers are no bytes."""
        if self.scheme.traits.dtype != "uint8":
            raise BadDtype(
                f"cipher images of {self.scheme.id} are {self.scheme.traits.dtype}, a PNG holds uint8 only",
                hint="imveil encrypt stores them as npz, safetensors or webdataset",
            )
        groups: dict[Any, list[int]] = {}
        for i, picture in enumerate(pictures):
            groups.setdefault((picture.pixels.shape, picture.depth), []).append(i)
        found: dict[int, bytes] = {}
        for (_, depth), places in groups.items():
            todos = [Todo(i, ids[i], "") for i in places]
            ciphers = encrypted(self.scheme, self.key, todos, [pictures[i].pixels for i in places], depth)
            found |= {i: png.encode(image, tag) for i, (image, tag) in zip(places, ciphers, strict=True)}
        return [found[i] for i in range(len(pictures))]


class EncryptColumn(Keyed):
    """`dataset.map(EncryptColumn("negpos/1", "owner.key"), batched=True, features=dataset.features)` of Hugging Face.

    column: of pictures, as PIL images, arrays or encoded files, or lists of these; each becomes {"bytes": a cipher PNG,
    "path": None}, and None stays None. The id of the k-th picture of a list is that of its row, "/" and k.
    ids: the column that names pictures, for a scheme with a key per image.

    Its fingerprint, by which `datasets` finds what it computed before, follows from scheme, fields, key and columns.
    `datasets` keeps what it loaded as plain Arrow files in its own cache: that is yours to protect or delete.
    """

    def __init__(
        self,
        scheme: Scheme | str,
        key: Key | KeyRef | str,
        *,
        column: str = "image",
        ids: str | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(scheme, key, **fields)
        self.column, self.ids = column, ids
        if self.scheme.traits.per_image and ids is None:
            raise BadIds(f"{self.scheme.id} has a key for each image", hint="name the column of their names: ids=...")

    def __call__(self, rows: Mapping[str, Any]) -> dict[str, Any]:
        """The column of a batch, or of one row."""
        if self.column not in rows:
            raise BadInput(f"there is no column {self.column!r}", hint=f"there are {', '.join(map(repr, rows))}")
        held = rows[self.column]
        batch = isinstance(held, list) and not (self._single(rows))
        values: list[Any] = held if batch else [held]
        names: Any = [None] * len(values) if self.ids is None else rows[self.ids] if batch else [rows[self.ids]]
        flat = [
            one
            for at, value in enumerate(values)
            for one in _each(value, None if names[at] is None else str(names[at]))
        ]
        wanted = [
            (_named(value, f"{self.column} of row {id}" if self.ids else f"{self.column} {at} of the batch"), id or "")
            for at, (value, id) in enumerate(flat)
            if value is not None
        ]
        files = iter(self.files([picture for picture, _ in wanted], [id for _, id in wanted]))
        new = [None if value is None else {"bytes": next(files), "path": None} for value, _ in flat]
        made = iter(new)
        images = [[next(made) for _ in value] if isinstance(value, list) else next(made) for value in values]
        return {self.column: images if batch else images[0]}

    def _single(self, rows: Mapping[str, Any]) -> bool:
        """Whether these are the columns of one row, whose column holds a list of pictures."""
        others = [value for name, value in rows.items() if name != self.column]
        return bool(others) and not all(isinstance(value, list) for value in others)


def _each(value: Any, id: str | None) -> list[tuple[Any, str | None]]:
    """A picture and its id, or those of a list of pictures: id/0, id/1, ..."""
    if not isinstance(value, list):
        return [(value, id)]
    return [(one, None if id is None else f"{id}/{at}") for at, one in enumerate(value)]


def _named(value: Any, where: str) -> Picture:
    """The picture, or an error that says which it is."""
    try:
        return _picture(value)
    except BadInput as error:
        path = value.get("path") if isinstance(value, Mapping) else None
        raise type(error)(f"{path or where}: {error.message}", hint=error.hint) from error


class EncryptSample(Keyed):
    """`WebDataset(...).map(EncryptSample("negpos/1", "owner.key"))`: every picture of a sample as a cipher PNG.

    Before `decode`: pictures are taken by their endings, jpg, png, ..., as files; after it, as arrays or PIL images.
    What was `jpg` is `png` then, everything else stays. With a key per image, `__key__` names the picture.
    """

    def __call__(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """The sample anew."""
        places = [name for name in sample if PurePosixPath(f"x.{name}").suffix.lower() in SUFFIXES]
        if not places:
            raise BadInput(f"sample {sample.get('__key__')!r} has no picture, it has {', '.join(map(repr, sample))}")
        key = sample.get("__key__", "")
        pictures = [_named(sample[name], f"{name} of sample {key!r}") for name in places]
        files = self.files(pictures, [f"{key}.{name}" for name in places])
        new = dict(zip(places, files, strict=True))
        called = {name: _as_png(name) for name in places}
        count = Counter([*called.values(), *(name for name in sample if name not in called)])
        for name in places:  # a jpg beside a png: both are kept, under their whole names
            if count[called[name]] > 1 and called[name] != name:
                called[name] = f"{name}.png"
        return {called.get(name, name): new.get(name, value) for name, value in sample.items()}


def _as_png(name: str) -> str:
    return ".".join([*name.split(".")[:-1], "png"])


_HINTS = {
    "none": "leave out rows without a picture",
    "tensor": "give pictures as they are stored: with_format(None) for data sets, no decode() before for WebDataset",
}


def _picture(value: Any) -> Picture:
    """A picture in any of the forms in which pipelines hold one. Raises BadImage, BadInput."""
    if isinstance(value, Mapping) and {"bytes", "path"} <= set(value):
        value = value["bytes"] if value["bytes"] is not None else value["path"]
    if isinstance(value, (bytes, str)):
        return read_picture(value)
    if hasattr(value, "getbands"):
        return of_image(value)
    array: Any = np.asarray(value) if isinstance(value, Iterable) else np.empty(0)
    if array.ndim == 3 and array.shape[2] > 4:
        raise BadShape(f"a picture is (h, w, c) with 1 to 4 channels, got {array.shape}", hint="put the channels last")
    if array.ndim in (2, 3) and array.dtype in (np.uint8, np.uint16):
        array = np.ascontiguousarray(array.reshape(*array.shape[:2], -1))
        return Picture(array) if array.dtype == np.uint8 else Picture(from16(array), 16)
    kind = "none" if value is None else "tensor" if type(value).__module__.startswith("torch") else ""
    raise BadDtype(
        f"a picture is a PIL image, an encoded file or an array (h, w, c) of uint8, got {type(value).__name__}"
        + (f" {array.shape} {array.dtype}" if array.size else ""),
        hint=_HINTS.get(kind, "put the encryption before everything that scales or normalises"),
    )

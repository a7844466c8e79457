"""Scheme: the one face of every scheme. A new scheme is one file with two methods.

A scheme is a frozen dataclass whose fields are its public parameters; what must stay secret is never a field. It says

    material(key, shape) -> dict                   what the key decides, in the encoding of the authors' own code
    plan_from_material(shape, **material) -> Plan  pure; the only road from material to bytes

and the base gives `plan`, `encrypt`, `decrypt`, the checks, nonces, padding and a cache. Comparing with other
people's code goes through `plan_from_material`, which is the very road that users take. The contract:

* `id` names the bytes for ever ("negpos/1"): other bytes need another id. `paper` says where it is published.
* Fields are annotated bool, int, float, Literal[...], or Annotated[int, Within(...)]; `check` may refuse combinations
  with `BadField`.
* `traits` are exact, and tested for every scheme: what is declared holds, what is denied does not.
* Keys are derived by purpose, `key.derive(self.id, "rotate")`, never by arithmetic.
* A batch is the same as image by image.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import fields as declared
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

import numpy as np

from imveil import registry
from imveil.errors import BadDtype, BadField, BadIds, BadShape, NotInvertible
from imveil.keys.key import Key
from imveil.schemes._materials import integers, permutation, permutations, small_integers

Shape = tuple[int, int, int]
Transform = Callable[..., Any]  # a Plan, or what has its face: called on (n, h, w, c), with or without ~


@dataclass(frozen=True)
class Traits:
    """What is true of a scheme with these fields.

    Attributes
    ----------
    invertible
        Decrypt gives back the picture.
    error
        By how much a sample of it may differ at most; 0 where every byte comes back.
    keeps_shape
        Cipher images have the shape of the pictures.
    per_image
        A fresh key for every image, so ids are needed and nonces travel.
    survives_jpeg
        What baseline JPEG codes as one piece stays one piece. That is 16x16 pixels, so that it holds with chroma of
        half size (4:2:0) and of full size (4:4:4), or 8x8 where cipher images are grey; pieces may move, be turned,
        inverted or recoloured as a whole. Decrypting the JPEG then gives the picture with the loss that JPEG alone
        would have made, to within half a decibel of PSNR at qualities from 50 to 95, if pieces are decoded apart.
        Ordinary decoders smooth chroma of half size across the edges of pieces, which costs more: docs/jpeg.md has the
        numbers.
    dtype
        Of cipher images.
    tile
        Height and width must be multiples of it.
    channels
        How many an image may have; None: any.
    """

    invertible: bool = True
    error: int = 0
    keeps_shape: bool = True
    per_image: bool = False
    survives_jpeg: bool = False
    dtype: str = "uint8"
    tile: int = 1
    channels: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Within:
    """The range of an integer field, and which of its values laws, vectors and benchmarks run over.

    Annotated as `block: Annotated[int, Within(2, 16, tried=(2, 8))] = 4`.

    Attributes
    ----------
    low, high
        Both are allowed.
    tried
        Values that stand for all, beside the default.
    """

    low: int
    high: int
    tried: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cipher:
    """Cipher images, and what is public beside them.

    Attributes
    ----------
    images
        (n, h, w, c).
    nonces
        16 bytes an image where each has a key of its own, else None.
    size
        (h, w) before padding, None when nothing was padded.
    """

    images: Any
    nonces: list[bytes] | None = None
    size: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Scheme(ABC):
    """The base of all schemes; see the module's docstring for the contract.

    >>> import imveil
    >>> scheme, key = imveil.find("negpos/1"), imveil.Key.generate()
    >>> images = np.zeros((2, 8, 8, 3), np.uint8)
    >>> bool((scheme.decrypt(scheme.encrypt(images, key), key) == images).all())
    True
    """

    id: ClassVar[str]
    paper: ClassVar[str]

    def __post_init__(self) -> None:
        for name, kind in self.fields().items():
            _check_field(self.id, name, getattr(self, name), kind)
        for name, within in self._ranges().items():
            if not within.low <= getattr(self, name) <= within.high:
                raise BadField(f"{name} of {self.id} is {within.low} to {within.high}, not {getattr(self, name)}")
        self.check()

    @classmethod
    def fields(cls) -> dict[str, Any]:
        """The public parameters: name -> bool, int, float, str, a Literal or a union of these.

        >>> import imveil
        >>> imveil.find("negpos/1").fields()["colors"]
        <class 'bool'>
        """
        hints = get_type_hints(cls)
        return {field.name: hints[field.name] for field in declared(cls)}

    @classmethod
    def _ranges(cls) -> dict[str, Within]:
        hints = get_type_hints(cls, include_extras=True)
        marked = {name: hints[name] for name in cls.fields() if get_origin(hints[name]) is Annotated}
        return {name: mark for name, hint in marked.items() for mark in get_args(hint) if isinstance(mark, Within)}

    @classmethod
    def make(cls, /, **given: Any) -> Self:
        """The scheme with these fields; BadField, which is a TypeError, for one that it does not have."""
        for name in given:
            if name not in cls.fields():
                known = ", ".join(cls.fields()) or "none"
                raise BadField(f"{cls.id} has no field {name!r}", hint=f"its fields are: {known}")
        return cls(**given)

    def check(self) -> None:
        """Raise BadField where fields do not fit together. The base allows everything that the annotations allow."""
        return

    def config(self) -> dict[str, Any]:
        """The public fields, as JSON can hold them: with the id they name the scheme exactly."""
        return {field.name: getattr(self, field.name) for field in declared(self)}

    def changed(self) -> dict[str, Any]:
        """Of the public fields those that are not at their defaults.

        >>> import imveil
        >>> imveil.find("negpos/1", per_image=True, colors=True).changed()
        {'per_image': True}
        """
        usual = {field.name: field.default for field in declared(self)}
        return {name: value for name, value in self.config().items() if value != usual[name]}

    def __str__(self) -> str:
        return " ".join([self.id, *(f"{name}={value}" for name, value in self.changed().items())])

    def __reduce_ex__(self, protocol: Any) -> Any:
        return registry.reduced(self, self.config()) or super().__reduce_ex__(protocol)

    @property
    def traits(self) -> Traits:
        """What is true of this scheme with these fields."""
        return Traits()

    @abstractmethod
    def material(self, key: Key, shape: Shape) -> dict[str, Any]:
        """What `key` decides for images of `shape` (h, w, c), named and encoded as in the authors' own code."""

    @abstractmethod
    def plan_from_material(self, *shape: Any, **material: Any) -> Any:
        """`plan_from_material(shape, **material)`: the plan for images of `shape` (h, w, c) under that material.

        Pure: no key, no randomness, no state. Each scheme names its material in its signature.
        """

    def plan(self, key: Key, shape: Shape) -> Any:
        """The plan of `key` for images of `shape` (h, w, c). The last few are remembered."""
        return _plan(self, key, (int(shape[0]), int(shape[1]), int(shape[2])))

    def encrypt(
        self,
        images: Any,
        key: Key,
        ids: Sequence[str] | None = None,
        *,
        pad: bool = False,
        digests: Sequence[bytes] | None = None,
    ) -> Cipher:
        """Cipher images of a batch; image by image gives the same.

        Parameters
        ----------
        images
            (n, h, w, c) uint8, numpy or torch.
        ids
            A name for each image, unique in the data set; needed with a key per image (`traits.per_image`), else not
            used.
        pad
            Where blocks do not tile the image, repeat its last row and column until they do; decrypt cuts it off again.
        digests
            SHA-256 of the bytes of each image, where they are known already.

        Raises
        ------
        BadShape
        BadDtype
        BadIds
        """
        self._check_images(images)
        images, size = self._padded(images) if pad else (images, None)
        shape = self._shape(images)
        if not self.traits.per_image:
            return Cipher(self.plan(key, shape)(images), None, size)
        nonces = self.nonces(images, key, ids, None if size else digests)
        return Cipher(_joined(self._under_own_keys(images, key, nonces, shape), images), nonces, size)

    def decrypt(self, cipher: Any, key: Key) -> Any:
        """The pictures again, (n, h, w, c) uint8. A bare array will do where there are no nonces and no padding.

        Raises NotInvertible, with the reason, for schemes that lose information. A wrong key gives noise, not an
        error: what travels with the images (fingerprint, HMAC) tells keys apart.
        """
        if not self.traits.invertible:
            raise NotInvertible(f"{self.id} {self.why_not_invertible}")
        if not isinstance(cipher, Cipher):
            cipher = Cipher(cipher)
        self._check_cipher(cipher.images)
        shape = self.plain_shape(self._shape(cipher.images))
        if not self.traits.per_image:
            images = (~self.plan(key, shape))(cipher.images)
        else:
            if cipher.nonces is None or len(cipher.nonces) != len(cipher.images):
                raise BadIds(
                    f"{self.id} has a key for each image: {len(cipher.images)} nonces are needed, "
                    f"{0 if cipher.nonces is None else len(cipher.nonces)} came",
                    hint="pass the Cipher that encrypt gave, or read the images with their nonces",
                )
            plans = self.image_plans(key, cipher.nonces, shape)
            images = _joined([(~plan)(cipher.images[i : i + 1]) for i, plan in enumerate(plans)], cipher.images)
        return images if cipher.size is None else images[:, : cipher.size[0], : cipher.size[1]]

    def plain_shape(self, shape: Shape) -> Shape:
        """The shape (h, w, c) of the pictures whose cipher images have `shape`; the same where `keeps_shape`."""
        return shape

    def returned(self, images: Any) -> Any:
        """What decrypt will give back of these pictures: themselves, or what is left of them where `traits.error` > 0.

        It takes no key: what an owner wants to check after decryption can be written down before.
        """
        return images

    why_not_invertible: ClassVar[str] = "loses information: nothing can bring it back"

    def nonces(
        self, images: Any, key: Key, ids: Sequence[str] | None, digests: Sequence[bytes] | None = None
    ) -> list[bytes]:
        """The public nonce of each image, 16 bytes: a function of key, id, shape and pixels alone.

        So a run is repeatable, a resumed one equals an undisturbed one, and two different pictures never share a key
        stream.
        """
        if ids is None or isinstance(ids, str) or len(ids) != len(images):
            came = "none" if ids is None else "one text" if isinstance(ids, str) else str(len(ids))
            raise BadIds(
                f"{self.id} has a key for each image: {len(images)} ids are needed, {came} came", hint="pass ids=[...]"
            )
        if len(set(ids)) != len(ids):
            raise BadIds("two images of a batch have the same id", hint="ids must be unique in the data set")
        mac = key.derive(self.id, "nonce").mac
        shape = b"".join(int(d).to_bytes(8, "little") for d in images.shape[1:])
        known = digests or [_digest(image) for image in images]
        return [mac(_counted(name) + shape + digest)[:16] for name, digest in zip(ids, known, strict=True)]

    def _under_own_keys(self, images: Any, key: Key, nonces: Sequence[bytes], shape: Shape) -> list[Any]:
        """Each image under its own key, as batches of one. A scheme that can do it in one pass does so."""
        return [plan(images[i : i + 1]) for i, plan in enumerate(self.image_plans(key, nonces, shape))]

    def image_plans(self, key: Key, nonces: Sequence[bytes], shape: Shape) -> Iterator[Any]:
        """The plan of each image under its own key, `key.derive(id, "image", nonce)`, one after the other."""
        return (self.plan_from_material(shape, **drawn) for drawn in self._image_materials(key, nonces, shape))

    def _image_materials(self, key: Key, nonces: Sequence[bytes], shape: Shape) -> Iterator[dict[str, Any]]:
        """The material of each image, from `key.derive(id, "image", nonce)`."""
        return (self.material(key.derive(self.id, "image", nonce), shape) for nonce in nonces)

    def _shape(self, images: Any) -> Shape:
        h, w, c = (int(d) for d in images.shape[1:])
        return h, w, c

    def _check_images(self, images: Any) -> None:
        if getattr(images, "ndim", None) != 4:
            came = tuple(getattr(images, "shape", ())) or type(images).__name__
            raise BadShape(f"images are (n, h, w, c), got {came}", hint="for one image pass image[None]")
        if str(images.dtype) not in ("uint8", "torch.uint8"):
            raise BadDtype(
                f"images are uint8, got {images.dtype}", hint="convert to 0..255 integers yourself, nothing is scaled"
            )
        channels = self.traits.channels
        if channels is not None and images.shape[3] not in channels:
            want = " or ".join(map(str, channels))
            raise BadShape(f"{self.id} takes images of {want} channels, got {images.shape[3]}")
        if 0 in images.shape[1:]:
            raise BadShape(f"images of shape {tuple(images.shape[1:])} have no pixels")

    def _check_cipher(self, images: Any) -> None:
        if getattr(images, "ndim", None) != 4:
            raise BadShape(f"cipher images are (n, h, w, c), got {tuple(getattr(images, 'shape', ()))}")
        if str(images.dtype).removeprefix("torch.") != self.traits.dtype:
            raise BadDtype(f"cipher images of {self.id} are {self.traits.dtype}, got {images.dtype}")

    def _padded(self, images: Any) -> tuple[Any, tuple[int, int] | None]:
        h, w = (int(d) for d in images.shape[1:3])
        down, across = -h % self.traits.tile, -w % self.traits.tile
        if not (down or across):
            return images, None
        rows, columns = np.minimum(np.arange(h + down), h - 1), np.minimum(np.arange(w + across), w - 1)
        return images[:, rows][:, :, columns], (h, w)


def _check_field(scheme: str, name: str, value: Any, kind: Any) -> None:
    options = get_args(kind) if get_origin(kind) in (Literal, Union, UnionType) else (kind,)
    if get_origin(kind) is Literal:
        # bool is an int to Python: 1 must not pass for True, nor True for 1.
        if not any(type(value) is type(option) and value == option for option in options):
            raise BadField(f"{name} of {scheme} is one of {', '.join(map(str, options))}, not {value!r}")
    elif type(value) not in options and not (float in options and type(value) is int):
        wanted = " or ".join(getattr(option, "__name__", str(option)) for option in options)
        raise BadField(f"{name} of {scheme} is {wanted}, not {value!r}")


@lru_cache(maxsize=32)
def _plan(scheme: Scheme, key: Key, shape: Shape) -> Any:
    return scheme.plan_from_material(shape, **scheme.material(key, shape))


def _counted(name: str) -> bytes:
    text = name.encode("utf-8", "surrogateescape")
    return len(text).to_bytes(8, "little") + text


def _digest(image: Any) -> bytes:
    array = image if isinstance(image, np.ndarray) else image.detach().cpu().numpy()
    return hashlib.sha256(np.ascontiguousarray(array).data).digest()


def _joined(parts: list[Any], like: Any) -> Any:
    if not parts:
        return like.copy() if isinstance(like, np.ndarray) else like.clone()
    if isinstance(like, np.ndarray):
        return np.concatenate(parts)
    import torch

    return torch.cat(parts)


__all__ = ["Cipher", "Scheme", "Shape", "Traits", "Within", "integers", "permutation", "permutations", "small_integers"]

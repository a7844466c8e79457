"""From an encoder's numbers to the row of a picture: centred, projected, of one length, in whole numbers.

Mean and projection are public and never made from the owners' pictures: a public one that imveil ships, from CIFAR-100,
or an orthogonal one drawn from a seed.
"""

from __future__ import annotations

import hashlib
import io
import math
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage, BadInput, Mismatch
from imveil.keys.stream import Keystream
from imveil.store.messages.round import Features, Projection

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_SHIPPED = Path(__file__).parent / "encoders" / "projections"
_ROWS = 4096
SHIPPED = 768
"""Axes of the public projections."""


def rows(embeddings: F32, features: Features) -> I64:
    """The rows of pictures: (n, dim + 1) int64 in units of 2^-bits, each of length at most 1, the last one `bias`.

    Rounded toward zero, so that no row grows.

    Parameters
    ----------
    embeddings
        (n, width).

    Raises
    ------
    BadImage
        For numbers that are not finite.
    Mismatch
        For another projection than the one that is installed.
    """
    if embeddings.ndim != 2 or embeddings.shape[1] != features.encoder.width:
        raise BadInput(f"embeddings are (n, {features.encoder.width}), got {embeddings.shape}")
    if not np.isfinite(embeddings).all():
        raise BadImage("an embedding is not finite", hint="encode that picture again, or leave it out")
    mean, axes = _projection(features)
    unit = 2.0**features.bits
    found: I64 = np.empty((len(embeddings), features.dim + 1), np.int64)
    found[:, -1] = int(features.bias * unit)
    for at in range(0, len(embeddings), _ROWS):
        z = embeddings[at : at + _ROWS].astype(np.float64) - mean
        if axes is not None:
            z = z @ axes
        length = np.sqrt((z * z).sum(axis=1, keepdims=True))
        z *= math.sqrt(1 - features.bias**2) / np.maximum(length, 1e-9)
        found[at : at + _ROWS, :-1] = np.trunc(z * unit)
    longest = int((found * found).sum(axis=1).max(initial=0))
    if longest > 1 << 2 * features.bits:  # cannot be, by construction; what is proven about noise rests on it
        raise BadImage("a row is longer than 1")
    return found


def projection(kind: str, encoder: str, seed: str = "") -> Projection:
    """The projection of a new round.

    Parameters
    ----------
    encoder
        Its name.
    seed
        64 hex digits for "orthogonal".

    Raises
    ------
    BadInput
    """
    if kind == "pca":
        return Projection(kind="pca", digest=hashlib.sha256(_shipped(encoder)).hexdigest())
    return Projection(kind="orthogonal" if kind == "orthogonal" else "none", digest=seed or "0" * 64)


def ships(encoder: str) -> bool:
    """Whether a public projection comes with imveil for this encoder."""
    return (_SHIPPED / f"{encoder}.npz").is_file()


def _shipped(encoder: str) -> bytes:
    path = _SHIPPED / f"{encoder}.npz"
    if not path.is_file():
        raise BadInput(f"imveil ships no public projection for {encoder!r}", hint="take --projection orthogonal")
    return path.read_bytes()


def _projection(features: Features) -> tuple[F64, F64 | None]:
    """(mean, axes): (width,), and (width, dim) or None. Raises Mismatch, BadInput."""
    return _cached(features.encoder.name, features.encoder.width, features.projection.kind,
                   features.projection.digest, features.dim)  # fmt: skip


@cache
def _cached(encoder: str, width: int, kind: str, digest: str, dim: int) -> tuple[F64, F64 | None]:
    mean = np.zeros(width)
    if ships(encoder):
        data = _shipped(encoder)
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            mean = held["mean"].astype(np.float64)
            axes = held["axes"] * held["steps"].astype(np.float64)
        if kind == "pca":
            if hashlib.sha256(data).hexdigest() != digest:
                raise Mismatch(f"the round's projection for {encoder} is another than this imveil ships")
            if dim > axes.shape[1]:
                raise BadInput(f"the public projection has {axes.shape[1]} axes, {dim} were asked for")
            return mean, axes[:, :dim]
    if kind == "pca":
        raise Mismatch(f"the round takes a public projection for {encoder!r}, and this imveil ships none")
    return mean, None if kind == "none" else _orthogonal(width, dim, bytes.fromhex(digest))


def _orthogonal(width: int, dim: int, seed: bytes) -> F64:
    """(width, dim) orthonormal columns from a public seed: normal numbers of its key stream, made orthogonal."""
    count = width * dim + width * dim % 2
    uniform = (Keystream(seed).below(1 << 53, count) + 0.5) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log(uniform[: count // 2])), 2 * np.pi * uniform[count // 2 :]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[: width * dim].reshape(width, dim)
    q, r = np.linalg.qr(normal)
    found: F64 = q * np.sign(np.diag(r))
    return found

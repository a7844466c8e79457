"""The owner: has pictures and keys. May import store, plans, schemes, keys.

    from imveil import owner

    owner.encrypt("pictures", "ciphers", scheme, key)
    owner.decrypt("ciphers", "restored", key)

A key is a `Key`, or a text that says where one is: the path of a key file, env:NAME, cmd:PROGRAM (see `KeyRef`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from imveil.keys.key import Key
    from imveil.owner.asking.served import Reply
    from imveil.owner.orders.adapting import Adapted
    from imveil.owner.orders.pictures import Reading
    from imveil.owner.run.pool import Engine
    from imveil.owner.run.progress import Progress, Report
    from imveil.owner.verification import Verdict
    from imveil.schemes.base import Scheme

    AnyKey = Key | str | Path
    Watch = Callable[[Progress], None]


def encrypt(
    source: Any,
    destination: str | Path,
    scheme: Scheme | str | None,
    key: AnyKey,
    *,
    like: str | Path | None = None,
    keep_names: bool = False,
    hide_labels: bool = False,
    container: str | None = None,
    quality: int | None = None,
    chroma: str | None = None,
    seal: bool = False,
    engine: str | Engine = "pool",
    workers: int | None = None,
    strict: bool = False,
    force: bool = False,
    progress: Watch | None = None,
    **how: Unpack[Reading],
) -> Report:
    """Encrypt all pictures of `source` into the cipher data set `destination`; an interrupted run goes on.

    Parameters
    ----------
    source
        A folder of pictures, a file of many (docs/formats.md), "cifar10", or what has the face of a source. A file of
        one picture becomes one cipher image.
    destination
        A new folder, or its address (s3://BUCKET/NAME); for one picture a .png, .npz or .jpg file.
    scheme
        A Scheme, or its name as `schemes.find` takes it; None where `like` says it.
    key
        A Key, or where one is.
    like
        A cipher data set or a model: scheme, fields and preparation are as there, and the key must be the same.
    keep_names
        Call cipher images as the pictures are; else names come from the key.
    hide_labels
        Call classes class-0, class-1, ... in an order from the key.
    container
        "folder", "jpeg", "npz", "parquet", "safetensors" or "webdataset"; None: what suits the scheme.
    quality, chroma
        Of JPEGs: 1 to 100, and "444" or "420".
    seal
        Seal the data set too, see `seal`.
    engine
        "pool", the processes of this machine; "ray", where `key` is text that each machine of a cluster can open; or an
        engine of your own.
    workers
        Processes; None: one a core.
    strict
        Stop at the first picture that cannot be encrypted.
    force
        For one picture: replace the file that is there.
    progress
        Called with a Progress now and then.
    how
        How pictures are read and made fit: `form`, `resize`, `pad`, `crop`, `channels`, `copies`, `follow_links`,
        `column`, `splits`, see `imveil.owner.orders.pictures.Reading`.

    Returns
    -------
    Report: how many `images`, what was `rejected` and why, and `notes` on what the owner should know.

    Raises
    ------
    BadSource, BadDestination, BadDtype, UnknownName, KeyProblem; BadInput where options do not go together.
    """
    from imveil.owner.orders import dispatch

    notes: list[str] = []
    done = dispatch.encrypt(
        source, destination, None if scheme is None else _scheme(scheme), lambda: _key(key), _stage(progress), how,
        like=None if like is None else Path(like), container=container, quality=quality, chroma=chroma,
        keep_names=keep_names, hide_labels=hide_labels, seal=seal,
        engine=dispatch.engine_of(engine, str(key)) if isinstance(engine, str) else engine, workers=workers,
        strict=strict, force=force, tell=notes.append,
    )  # fmt: skip
    return dispatch.with_notes(done.report, notes)


def decrypt(
    source: str | Path,
    destination: str | Path,
    key: AnyKey,
    *,
    classes: Collection[str] | None = None,
    ids: Collection[str] | None = None,
    of: str | Path | None = None,
    public: bool = False,
    scheme: Scheme | str | None = None,
    workers: int | None = None,
    progress: Watch | None = None,
) -> Report:
    """Restore the pictures of a cipher data set as PNG files, each one checked; or one cipher image, a file.

    Parameters
    ----------
    source
        A cipher data set, its address, or a cipher image (.png, .npz, .jpg).
    destination
        A new folder, or a .png file.
    key
        A Key, or where one is.
    classes, ids
        Only pictures of these classes, or of these ids (SPLIT/CLASS/NAME).
    of
        For one cipher image: the data set that proves which picture it is; a note of the Report says which. Nothing
        proves it without.
    public
        Let others than their owner read the pictures, as far as the umask does.
    scheme
        "mine.py:Stripes" or a Scheme, where the data set names one that is not installed. What the data set says is
        never opened as a file.
    workers, progress
        As for `encrypt`.

    Raises
    ------
    WrongKey, with both fingerprints; BadManifest, BadShard, NotInvertible, BadDestination; UnknownName for a scheme
    that nobody has, Mismatch for one that is another.
    """
    from imveil.owner.orders import dispatch

    done = dispatch.decrypt(
        source, destination, lambda: _key(key), _stage(progress), classes=classes, ids=ids, of=of, public=public,
        scheme=scheme, workers=workers,
    )  # fmt: skip
    return dispatch.with_notes(done.report, [f"it is {done.id} of {of}"] if done.id else [])


def verify(source: str | Path, key: AnyKey | None = None, *, scheme: Scheme | str | None = None) -> Verdict:
    """Read every byte of a cipher data set, sealed or not, and say whether it is what its owner wrote.

    Parameters
    ----------
    source
        A folder, or its address.
    key
        The owner's; without it only accidents are found.
    scheme
        As for `decrypt`.

    Returns
    -------
    Verdict: `wrong` has a line for everything that is not as it was, `proven` says whether a key proves it.

    Raises
    ------
    WrongKey; BadManifest where there is none, or no proof of it.
    """
    from imveil.owner.orders import dispatch

    return dispatch.verify(source, None if key is None else _key(key), scheme=scheme)


def seal(
    source: str | Path,
    destination: str | Path,
    key: AnyKey,
    *,
    move: bool = False,
    workers: int | None = None,
    progress: Watch | None = None,
) -> Report:
    """Seal a cipher data set for the time it lies or travels where nobody should read it.

    Parameters
    ----------
    key
        Any; whoever has it can unseal.
    move
        Take the source away shard by shard.
    workers, progress
        As for `encrypt`.

    Raises
    ------
    BadManifest, BadShard, BadDestination.
    """
    from imveil.owner.sealed_sets import seal_set

    return seal_set(source, destination, _key(key), move=move, workers=workers, progress=progress)


def rekey(
    source: str | Path,
    destination: str | Path,
    old: AnyKey,
    new: AnyKey,
    *,
    scheme: Scheme | str | None = None,
    workers: int | None = None,
    progress: Watch | None = None,
) -> Report:
    """The same pictures under another key, in a new folder; without plain pictures where the scheme is a plan.

    Parameters
    ----------
    old, new
        Keys, or where they are.
    scheme, workers, progress
        As for `decrypt`.

    Raises
    ------
    WrongKey, BadManifest, NotInvertible, BadDestination.
    """
    from imveil.owner.rekeying import rekey_set

    return rekey_set(source, destination, _key(old), _key(new), scheme=scheme, workers=workers, progress=progress)


def adapt(model: Any, scheme: Scheme | str, key: AnyKey) -> Adapted:
    """A model trained on plain pictures, changed for cipher pictures of a key: no training, the same answers.

    Whoever has both models can read the key off them.

    Parameters
    ----------
    model
        As `imveil.cloud.load` gives it.
    scheme
        "patch/1" or "orthogonal/1", with patches as large as those of the model's net.
    key
        A Key, or where one is.

    Returns
    -------
    Adapted: the changed `model`, which has `save`, and `notes` on what its owner should know.

    Raises
    ------
    BadField, BadShape, where scheme or net do not allow it; Mismatch for a model of other pictures than plain ones.
    """
    from imveil.owner.orders import adapting

    return adapting.adapt(model, _scheme(scheme), _key(key))


def rekey_model(model: Any, old: AnyKey, new: AnyKey) -> Adapted:
    """`adapt` for a model that reads cipher pictures of the key `old`. Raises WrongKey too where it does not."""
    from imveil.owner.orders import adapting

    return adapting.rekey_model(model, _key(old), _key(new))


def ask(url: str, images: Any, key: AnyKey, **how: Any) -> list[Reply]:
    """The answers of a served model to plain pictures, which are encrypted here, the way the model wants them.

    Parameters
    ----------
    url
        Of the server, http:// or https://.
    images
        (n, h, w, c) uint8, or a list of pictures (h, w, c) of any size.
    key
        A Key, or where one is; it stays here.
    how
        model, token, expect, classes: see `imveil.owner.asking.served.Inquiry`.

    Returns
    -------
    list of Reply
        In the order of the pictures.

    Raises
    ------
    Unavailable, Refused, WrongKey, BadShape
        For a server that is gone, wants what was not agreed, or has another key's pictures; pictures that do not fit.
    """
    from imveil.owner.asking import served

    return served.ask(url, images, _key(key), **how)


async def ask_async(url: str, images: Any, key: AnyKey, **how: Any) -> list[Reply]:
    """`ask` for a program that waits for many things at once: in a thread of its own."""
    import asyncio

    return await asyncio.to_thread(ask, url, images, key, **how)


def encrypt_png(image: npt.NDArray[np.uint8], scheme: Scheme | str, key: AnyKey, id: str) -> bytes:
    """One picture as the bytes of a cipher PNG, which says how it was encrypted; `imveil predict` takes it as it is.

    Parameters
    ----------
    image
        (h, w, c) uint8.
    scheme, key
        As for `encrypt`.
    id
        Names the picture; with a key for each image no two pictures may have one id.

    Raises
    ------
    BadShape, BadDtype, also for a scheme whose cipher images are no bytes.
    """
    from imveil.errors import BadShape
    from imveil.owner.encryption import pick_container
    from imveil.owner.shards.writing import Todo, encrypted
    from imveil.store import png

    if getattr(image, "ndim", None) != 3:
        raise BadShape(f"one picture is (h, w, c), got {tuple(getattr(image, 'shape', ())) or type(image).__name__}")
    chosen = _scheme(scheme)
    pick_container(chosen, "folder")
    ((cipher, tag),) = encrypted(chosen, _key(key), [Todo(0, id, "")], [image], 8)
    return png.encode(cipher, tag)


def load_dataset(name: str, *, coarse: bool = False) -> dict[str, tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]]:
    """A public data set as arrays, verified by its digest; fetched once, then kept in the cache.

    Parameters
    ----------
    name
        "cifar10" or "cifar100".
    coarse
        The 20 superclasses of CIFAR-100 in place of its 100 classes.

    Returns
    -------
    {"train": (images (50000, 32, 32, 3) uint8, labels (50000,) int64), "test": (...)}, in the official order.

    Raises
    ------
    Unavailable, when it is found nowhere and cannot be fetched; UnknownName.
    """
    from imveil.owner.datasets.cifar import load

    return load(name, coarse=coarse)


def _stage(progress: Watch | None) -> Callable[[str], AbstractContextManager[Watch | None]]:
    return lambda _: nullcontext(progress)


def _scheme(scheme: Scheme | str) -> Scheme:
    from imveil import schemes

    return schemes.find(scheme) if isinstance(scheme, str) else scheme


def _key(key: AnyKey) -> Key:
    from imveil.keys.key import Key
    from imveil.keys.reference import KeyRef

    return key if isinstance(key, Key) else KeyRef(str(key)).open()

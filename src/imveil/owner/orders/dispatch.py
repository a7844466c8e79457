"""Orders: what an owner asks for, with all that is decided on the way.

A whole data set or one picture, here or elsewhere, sealed or not, as another set or model was made. The command line
and `imveil.owner` both give their orders here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from imveil.errors import BadDestination, BadInput
from imveil.keys.key import Key
from imveil.keys.reference import KeyRef
from imveil.owner.encryption import encrypt_file, encrypt_set, pick_container
from imveil.owner.orders.pictures import Reading, open_pictures, preparation
from imveil.owner.run import pool
from imveil.owner.run.progress import Report, Watch
from imveil.owner.shards.contents import Own
from imveil.owner.shards.proof import check_key
from imveil.owner.sources import is_picture
from imveil.owner.sources._likeness import Likeness
from imveil.owner.verification import MOST_LINES, Verdict
from imveil.schemes.base import Scheme
from imveil.store.far import Far, fetched, is_far
from imveil.store.files import here
from imveil.store.manifest import SEALED

Open = Callable[[], Key]
"""Opens the key, once all that can be known without it is well."""
Stage = Callable[[str], AbstractContextManager[Watch | None]]
"""Shows a part of the work, "encrypting" or "sealing"."""
JPEGS = (".jpg", ".jpeg")


class ForSets(BadInput):
    """`option` says nothing of one picture."""

    def __init__(self, option: str) -> None:
        self.option = option
        super().__init__(
            f"{option} is for data sets, and this is one picture",
            hint="leave it out, or put the picture into a folder and encrypt that",
        )


class Encrypted(NamedTuple):
    """What was done.

    Attributes
    ----------
    place
        Of the cipher images, as it may be shown.
    single
        Whether it was one picture.
    """

    report: Report
    scheme: Scheme
    fingerprint: str
    place: str
    single: bool = False


class Decrypted(NamedTuple):
    """What was done.

    Attributes
    ----------
    single
        Whether it was one picture; then `id` is what the data set that it is of calls it, "" where none was named.
    lossy
        Whether that picture carries the loss of JPEG.
    """

    report: Report
    fingerprint: str
    single: bool = False
    id: str = ""
    lossy: bool = False


def encrypt(
    source: Any,
    destination: str | Path,
    scheme: Scheme | None,
    key: Open,
    stage: Stage,
    how: Reading,
    *,
    like: Path | None = None,
    container: str | None = None,
    quality: int | None = None,
    chroma: str | None = None,
    keep_names: bool = False,
    hide_labels: bool = False,
    seal: bool = False,
    engine: pool.Engine = pool,
    workers: int | None = None,
    strict: bool = False,
    force: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Encrypted:
    """Encrypt a data set, or the picture in one file; see `imveil.owner.encrypt`.

    Parameters
    ----------
    tell
        Called with what the owner should know before hours of work begin.
    """
    there = None if like is None else Likeness.of(like)
    if (scheme is None) == (there is None):
        came = "both" if scheme else "neither"
        raise BadInput(f"either a scheme or a set to be like was needed, {came} came")
    chosen = scheme if there is None else there.scheme
    assert chosen is not None
    prepare = preparation(how)
    prepare = prepare if there is None else there.prepared(prepare)

    def opened() -> Key:
        found = key()
        if there is not None:
            check_key(found, there.fingerprint, str(like))
        return found

    if isinstance(source, (str, Path)) and is_picture(Path(source), how.get("form")):
        target = Path(destination)
        as_jpeg = target.suffix.lower() in JPEGS and container in (None, "jpeg")
        for_sets = {
            "keep_names": keep_names, "container": container and not as_jpeg, "hide_labels": hide_labels,
            "strict": strict, "copies": how.get("copies", 1) != 1, "seal": seal, "engine": engine is not pool,
            "workers": workers, "splits": how.get("splits"), "column": how.get("column"),
        }  # fmt: skip
        for option, value in for_sets.items():
            if value:
                raise ForSets(option)
        new_file(target, ".png", ".npz", *JPEGS, force=force)
        stored = stored_as("jpeg" if as_jpeg else None, quality, chroma, there if as_jpeg else None)
        secret = opened()
        encrypt_file(
            source, target, chosen, secret, form=how.get("form"), prepare=prepare, like=there, container=stored,
            force=force,
        )  # fmt: skip
        return Encrypted(
            Report(1, 0, target.stat().st_size, 0.0), chosen, secret.fingerprint, str(destination), single=True
        )
    if force:
        raise BadInput("force is for one picture", hint="choose a destination that is empty or does not exist")
    stored = pick_container(chosen, stored_as(container, quality, chroma, there))
    if container is None and there is None and stored != "folder":
        tell(f"cipher images of {chosen.id} are {chosen.traits.dtype}, stored as {stored}")
    if not chosen.traits.invertible:
        tell(f"{chosen.id} cannot be decrypted again, by design")
    elif chosen.traits.error:
        tell(f"{chosen.id} rounds: samples come back within {chosen.traits.error} of 255")
    far = is_far(destination)
    if far and seal:
        raise BadInput("to seal, a destination on this machine is needed", hint="seal it here, then copy it")
    secret = opened()
    pictures = open_pictures(source, how, prepare)
    for text in getattr(pictures, "notes", ()):
        tell(text)
    if hide_labels and not pictures.classes:
        tell("the pictures have no labels that could be hidden")
    place = _unsealed(Path(destination)) if seal else destination
    with stage("encrypting") as watch:
        options: dict[str, Any] = {
            "keep_names": keep_names, "hide_labels": hide_labels, "container": stored, "workers": workers,
            "engine": engine, "strict": strict, "progress": watch,
        }  # fmt: skip
        if far:
            from imveil.owner.orders.encrypt_far import encrypt_far

            report = encrypt_far(pictures, str(destination), chosen, secret, **options)
        else:
            report = encrypt_set(pictures, place, chosen, secret, **options)
    if seal:
        from imveil.owner.sealed_sets import seal_set

        with stage("sealing") as watch:
            seal_set(place, destination, secret, move=True, workers=workers, progress=watch)
    shown = Far(str(destination)).name if far else str(destination)
    return Encrypted(report, chosen, secret.fingerprint, shown)


def decrypt(
    source: str | Path,
    destination: str | Path,
    key: Open,
    stage: Stage,
    *,
    classes: Collection[str] | None = None,
    ids: Collection[str] | None = None,
    of: str | Path | None = None,
    public: bool = False,
    scheme: Own = None,
    workers: int | None = None,
) -> Decrypted:
    """Decrypt a data set, or the cipher image in one file; see `imveil.owner.decrypt`."""
    from imveil.owner.decryption import decrypt_file, decrypt_set
    from imveil.store.sets import lossy

    if Path(source).is_file():
        for option, value in {"classes": classes, "ids": ids}.items():
            if value:
                raise ForSets(option)
        new_file(Path(destination), ".png")
        secret = key()
        id = decrypt_file(source, destination, secret, of=of, public=public, scheme=scheme)
        report = Report(1, 0, Path(destination).stat().st_size, 0.0)
        return Decrypted(report, secret.fingerprint, single=True, id=id, lossy=lossy(source))
    if of is not None:
        raise BadInput(
            "the set that proves a picture is named for one picture, and this is a data set",
            hint="leave it out: each picture is checked",
        )
    secret = key()
    here(destination)
    with stage("decrypting") as watch, fetched(source) as near:
        report = decrypt_set(
            near.path, destination, secret, classes=classes, ids=ids, public=public, scheme=scheme, workers=workers,
            progress=watch,
        )  # fmt: skip
        rejects = [reject._replace(reason=near.told(reject.reason)) for reject in report.rejected]
        report = replace(
            report, rejected=rejects, notes=[*map(near.told, report.notes)], wrong=[*map(near.told, report.wrong)]
        )
    return Decrypted(report, secret.fingerprint)


def verify(source: str | Path, key: Key | None, *, scheme: Own = None) -> Verdict:
    """Whether a data set, sealed or not, is what its owner wrote; see `imveil.owner.verify`."""
    from imveil.owner.sealed_sets import check_sealed
    from imveil.owner.verification import verify_set

    with fetched(source) as near:
        if (near.path / SEALED).exists():
            if key is None:
                raise BadInput(f"{near.name} is sealed: its key was needed")
            found = check_sealed(near.path, key)
        else:
            found = verify_set(near.path, key, scheme=scheme)
        beside = [f"{near.name}/{name} is no part of the data set" for name in near.strange]
        lines = [*beside, *map(near.told, found.wrong)]
        return replace(found, wrong=lines[:MOST_LINES], count=found.count + len(beside))


def engine_of(name: str, key: str, address: str | None = None) -> pool.Engine:
    """What runs the workers.

    Parameters
    ----------
    name
        "pool", of this machine, or "ray".
    key
        Where each machine of a cluster finds the key.
    address
        Of a running Ray cluster, "auto" or "host:port"; None: one of its own.

    Raises
    ------
    BadInput
    MissingExtra
        Without Ray.
    """
    if name == "ray":
        from imveil.owner.run.cluster import Cluster

        return Cluster(KeyRef(key), address)
    if name != "pool":
        raise BadInput(f"an engine is pool or ray, not {name!r}")
    if address is not None:
        raise BadInput("an address is of a Ray cluster", hint="take the engine ray")
    return pool


def stored_as(container: str | None, quality: int | None, chroma: str | None, like: Likeness | None) -> str | None:
    """The name of the container that is asked for, with its options. Raises BadInput for options of another."""
    there = like.jpeg if like is not None and like.jpeg else {"quality": 90, "chroma": 444}
    if container is None and like is not None:
        container = like.container
    if container == "jpeg":
        return f"jpeg:{there['quality'] if quality is None else quality}:{chroma or there['chroma']}"
    if quality is not None or chroma is not None:
        raise BadInput(
            "quality and chroma are of JPEGs", hint="take the container jpeg, or for one picture write a .jpg"
        )
    return container


def new_file(path: Path, *suffixes: str, force: bool = False) -> None:
    """Raise BadDestination where one picture cannot be written to `path`."""
    if path.exists() and not (force and path.is_file()):
        raise BadDestination(f"{path} exists already", hint="choose another name, or overwrite a file with --force")
    if path.suffix.lower() not in suffixes:
        raise BadDestination(f"one picture goes into a {' or '.join(suffixes)} file, not {path}")
    if not path.parent.is_dir():
        raise BadDestination(f"{path.parent} is no folder", hint="make it first")


def _unsealed(destination: Path) -> Path:
    """Where a data set lies until it is sealed. Raises BadDestination where one is sealed there already."""
    if (destination / SEALED).exists():
        raise BadDestination(f"{destination} holds a sealed data set already", hint="choose another destination")
    return destination.with_name(destination.name + ".unsealed")


def with_notes(report: Report, notes: list[str]) -> Report:
    """The report, with what was told on the way."""
    return replace(report, notes=[*notes, *report.notes])

"""`imveil encrypt`: a whole data set or one picture, the owner's main command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.cli.options import (
    Channels,
    Column,
    Copies,
    Crop,
    Fields,
    FollowLinks,
    From,
    KeyOption,
    Pad,
    Resize,
    Splits,
    Workers,
)
from imveil.cli.progress import bar, close, interruptible, rejected
from imveil.cli.words import note, say
from imveil.errors import BadDestination, BadInput

if TYPE_CHECKING:
    from imveil.owner.sources._likeness import Likeness
    from imveil.owner.sources.prepared import Preparation

GROUP = "Owner"
JPEGS = (".jpg", ".jpeg")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("encrypt")(encrypt)


def encrypt(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="A folder of pictures or its address, a file of many (see docs/formats.md), cifar10, cifar100, or a "
            "picture.",
            show_default=False,
        ),
    ],
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DST",
            help="A new folder for the cipher data set, or its address, s3://BUCKET/NAME; for a picture a .png, "
            ".npz or .jpg file.",
            show_default=False,
        ),
    ],
    key: KeyOption,
    scheme: Annotated[
        str | None, typer.Option("--scheme", help="The scheme; see 'imveil schemes'.", show_default=False)
    ] = None,
    fields: Fields = None,
    keep_names: Annotated[
        bool,
        typer.Option("--keep-names", help="Call cipher images as the pictures are; else names hide behind the key."),
    ] = False,
    container: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How cipher images are stored: folder (of PNGs), jpeg (with a loss), parquet, webdataset, safetensors "
            "or npz; by the scheme unless given.",
        ),
    ] = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of the JPEGs of --container jpeg; 90 unless given.")
    ] = None,
    chroma: Annotated[
        str | None, typer.Option(metavar="444|420", help="How JPEGs keep colours: 444 at full size, or 420 at half.")
    ] = None,
    form: From = None,
    hide_labels: Annotated[
        bool,
        typer.Option("--hide-labels", help="Call classes class-0, class-1, ... in an order that the key decides."),
    ] = False,
    resize: Resize = None,
    pad: Pad = None,
    crop: Crop = None,
    channels: Channels = None,
    copies: Copies = 1,
    follow_links: FollowLinks = False,
    column: Column = None,
    splits: Splits = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="CIPHERS|MODEL",
            help="Encrypt as this data set, or what this model was trained on, was: scheme, fields, preparation.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="For a picture: overwrite the file that is there.")] = False,
    workers: Workers = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first picture that cannot be encrypted.")
    ] = False,
    seal: Annotated[
        bool, typer.Option("--seal", help="Seal the data set with the key too; see 'imveil seal'.")
    ] = False,
    engine: Annotated[
        str, typer.Option(help="What runs the workers: pool (this machine) or ray (a cluster).")
    ] = "pool",
    address: Annotated[
        str | None,
        typer.Option(help="Of a running Ray cluster: auto or HOST:PORT; one of its own on this machine unless given."),
    ] = None,
) -> None:
    """Encrypt pictures into a cipher data set: files that the cloud can train on, and no key.

    Cipher images of bytes become PNGs; those of some schemes hold larger or real numbers and become .npz files.

    Pictures that cannot be read are listed on standard error and in DST/rejected.jsonl, the others are encrypted,
    and the exit code is 1. An interrupted run leaves nothing half written; the same command again goes on. PNGs of
    cipher images do not compress: a folder of JPEGs grows several times.

    \b
    Examples:
      imveil encrypt photos/ ciphers/ --key my.key --scheme negpos/1
      imveil encrypt cifar10 ciphers/ --key my.key --scheme logistic-xor/1 --set index=pixel
      imveil encrypt query.jpg query.png --key my.key --like model.safetensors
      imveil encrypt query.jpg cipher.jpg --key my.key --scheme etc/1 --set block=16 --quality 90
      imveil encrypt photos/ ciphers/ --key my.key --scheme patch/1 --container npz
      imveil encrypt cifar10 ciphers/ --key my.key --scheme le/1 --copies 4
      imveil encrypt /shared/photos /shared/ciphers --key cmd:'vault kv get -field=key secret/owner' \
          --scheme negpos/1 --engine ray --address auto
      imveil encrypt s3://hospital/photos s3://cloud/ciphers --key my.key --scheme negpos/1
      imveil encrypt scans/ ciphers/ --key my.key --scheme etc/1 --resize 256 --crop 224 --container parquet
    """
    from imveil.cli.fields import find_scheme
    from imveil.cli.secrets import open_key
    from imveil.owner.shards.proof import check_key
    from imveil.owner.sources import is_picture
    from imveil.owner.sources.prepared import Preparation

    as_there = None if like is None else likeness(like, scheme, fields)
    if as_there is None and scheme is None:
        raise BadInput("--scheme was needed", hint="imveil schemes lists them; --like CIPHERS takes another's")
    chosen = find_scheme(scheme or "", fields) if as_there is None else as_there.scheme
    prepare = Preparation.of(resize, pad, crop, channels)
    prepare = prepare if as_there is None else as_there.prepared(prepare)
    if is_picture(Path(source), form):
        from imveil.owner.encryption import encrypt_file

        as_jpeg = Path(destination).suffix.lower() in JPEGS and container in (None, "jpeg")
        _for_sets(
            {
                "--keep-names": keep_names, "--container": container and not as_jpeg, "--hide-labels": hide_labels,
                "--strict": strict, "--copies": copies != 1, "--seal": seal,
                "--engine": engine != "pool", "--workers": workers,
                "--address": address, "--splits": splits, "--column": column,
            }
        )  # fmt: skip
        new_file(Path(destination), ".png", ".npz", *JPEGS, force=force)
        stored = stored_as("jpeg", quality, chroma, as_there) if as_jpeg else stored_as(None, quality, chroma, None)
        opened = open_key(key)
        if as_there is not None:
            check_key(opened, as_there.fingerprint, str(like))
        encrypt_file(
            source,
            destination,
            chosen,
            opened,
            form=form,
            prepare=prepare,
            like=as_there,
            container=stored,
            force=force,
        )
        say(f"{destination}: encrypted with {chosen.id}")
        return
    from imveil.owner.encrypt_far import encrypt_far
    from imveil.owner.encryption import encrypt_set, pick_container
    from imveil.statuses import in_a_line
    from imveil.store.far import Far, is_far
    from imveil.store.manifest import REJECTED

    if force:
        raise BadInput("--force is for one picture", hint="choose a destination that is empty or does not exist")
    stored = pick_container(chosen, stored_as(container, quality, chroma, as_there))
    if container is None and as_there is None and stored != "folder":
        note(f"cipher images of {chosen.id} are {chosen.traits.dtype}, stored as {stored}")
    if not chosen.traits.invertible:
        note(f"{chosen.id} cannot be decrypted again, by design")
    runs = _engine(engine, address, key)
    opened = open_key(key)
    if as_there is not None:
        check_key(opened, as_there.fingerprint, str(like))
    pictures = pictures_of(source, form, prepare, copies, follow_links, column, splits)
    if hide_labels and not pictures.classes:
        note("the pictures have no labels that could be hidden")
    far = is_far(destination)
    if far and seal:
        raise BadInput("--seal needs a destination on this machine", hint="seal it here, then copy it")
    shown = Far(destination).name if far else destination
    place = _unsealed(Path(destination)) if seal else destination
    with interruptible(), bar("encrypting") as watch:
        options: dict[str, Any] = {
            "keep_names": keep_names,
            "hide_labels": hide_labels,
            "container": stored,
            "workers": workers,
            "engine": runs,
            "strict": strict,
            "progress": watch,
        }
        if far:
            report = encrypt_far(pictures, destination, chosen, opened, **options)
        else:
            report = encrypt_set(pictures, place, chosen, opened, **options)
    if seal:
        from imveil.owner.sealed_sets import seal_set

        with interruptible(), bar("sealing") as watch:
            seal_set(place, Path(destination), opened, move=True, workers=workers, progress=watch)
    close(report, f"encrypted with {chosen.id}, key {opened.fingerprint}", shown)
    note(in_a_line(chosen.id, chosen.config()))
    rejected(report, f"see {shown}/{REJECTED}")


def stored_as(container: str | None, quality: int | None, chroma: str | None, like: Likeness | None) -> str | None:
    """The name of the container that is asked for, with its options. Raises BadInput for options of another."""
    there = like.jpeg if like is not None and like.jpeg else {"quality": 90, "chroma": 444}
    if container is None and like is not None:
        container = like.container
    if container == "jpeg":
        return f"jpeg:{there['quality'] if quality is None else quality}:{chroma or there['chroma']}"
    if quality is not None or chroma is not None:
        raise BadInput(
            "--quality and --chroma are of JPEGs", hint="add --container jpeg, or for one picture write a .jpg"
        )
    return container


def likeness(place: Path, scheme: str | None, fields: list[str] | None) -> Likeness:
    """What --like names. Raises BadInput where a scheme is named besides."""
    from imveil.owner.sources._likeness import Likeness

    if scheme is not None or fields:
        raise BadInput("--like says the scheme and its fields", hint="leave --scheme and --set out")
    return Likeness.of(place)


def pictures_of(
    source: str,
    form: str | None,
    prepare: Preparation | None,
    copies: int,
    follow_links: bool = False,
    column: str | None = None,
    splits: str | None = None,
) -> Any:
    """What is to be encrypted, as its options ask for it; what the owner should know of it goes to standard error."""
    from imveil.owner.sources import open_source
    from imveil.owner.sources.copied import Copied
    from imveil.owner.sources.prepared import Prepared

    wanted = None if splits is None else [name for name in splits.split(",") if name]
    pictures: Any = open_source(source, form=form, follow_links=follow_links, column=column, splits=wanted)
    pictures = Prepared(pictures, prepare) if prepare else pictures
    pictures = Copied(pictures, copies) if copies != 1 else pictures
    for text in pictures.notes:
        note(text)
    return pictures


def _for_sets(options: dict[str, Any]) -> None:
    """Raise BadInput for options that say nothing of one picture."""
    given = [name for name, value in options.items() if value]
    if given:
        raise BadInput(
            f"{given[0]} is for data sets, and this is one picture",
            hint="leave it out, or put the picture into a folder and encrypt that",
        )


def _engine(name: str, address: str | None, key: str) -> Any:
    """What runs the shards, by name. Raises BadInput."""
    if name == "ray":
        from imveil.keys.reference import KeyRef
        from imveil.owner.run.cluster import Cluster

        return Cluster(KeyRef(key), address)
    if name != "pool":
        raise BadInput(f"--engine is pool or ray, not {name!r}")
    if address is not None:
        raise BadInput("--address is of a Ray cluster", hint="add --engine ray")
    from imveil.owner.run import pool

    return pool


def _unsealed(destination: Path) -> Path:
    """Where a data set lies until it is sealed. Raises BadDestination where one is sealed there already."""
    if (destination / "imveil.sealed").exists():
        raise BadDestination(f"{destination} holds a sealed data set already", hint="choose another destination")
    return destination.with_name(destination.name + ".unsealed")


def new_file(path: Path, *suffixes: str, force: bool = False) -> None:
    """Raise BadDestination where one picture cannot be written to `path`."""
    if path.exists() and not (force and path.is_file()):
        raise BadDestination(f"{path} exists already", hint="choose another name, or overwrite a file with --force")
    if path.suffix.lower() not in suffixes:
        raise BadDestination(f"one picture goes into a {' or '.join(suffixes)} file, not {path}")
    if not path.parent.is_dir():
        raise BadDestination(f"{path.parent} is no folder", hint="make it first")

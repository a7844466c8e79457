"""`imveil encrypt`: a whole data set or one picture, the owner's main command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from imveil.errors import BadInput

if TYPE_CHECKING:
    from imveil.owner.orders.pictures import Reading

GROUP = "Owner"


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
      imveil encrypt /shared/photos /shared/ciphers --key cmd:'vault kv get -field=key secret/owner' \\
          --scheme negpos/1 --engine ray --address auto
      imveil encrypt s3://hospital/photos s3://cloud/ciphers --key my.key --scheme negpos/1
      imveil encrypt scans/ ciphers/ --key my.key --scheme etc/1 --resize 256 --crop 224 --container parquet
    """
    from imveil.cli.fields import find_scheme
    from imveil.cli.secrets import open_key
    from imveil.owner.orders import dispatch
    from imveil.statuses import in_a_line
    from imveil.store.manifest import REJECTED

    if like is not None and (scheme is not None or fields):
        raise BadInput("--like says the scheme and its fields", hint="leave --scheme and --set out")
    if like is None and scheme is None:
        raise BadInput("--scheme was needed", hint="imveil schemes lists them; --like CIPHERS takes another's")
    how = reading(form, resize, pad, crop, channels, copies, follow_links, column, splits)
    try:
        with interruptible():
            done = dispatch.encrypt(
                source, destination, None if scheme is None else find_scheme(scheme, fields), lambda: open_key(key),
                bar, how, like=like, container=container, quality=quality, chroma=chroma, keep_names=keep_names,
                hide_labels=hide_labels, seal=seal, engine=dispatch.engine_of(engine, key, address), workers=workers,
                strict=strict, force=force, tell=note,
            )  # fmt: skip
    except dispatch.ForSets as error:
        raise BadInput(error.message.replace(error.option, option_of(error.option), 1), hint=error.hint) from error
    if done.single:
        say(f"{done.place}: encrypted with {done.scheme.id}")
        return
    close(done.report, f"encrypted with {done.scheme.id}, key {done.fingerprint}", done.place)
    note(in_a_line(done.scheme.id, done.scheme.config()))
    rejected(done.report, f"see {done.place}/{REJECTED}")


def reading(
    form: str | None, resize: str | None, pad: str | None, crop: str | None, channels: str | None, copies: int,
    follow_links: bool, column: str | None, splits: str | None,
) -> Reading:  # fmt: skip
    """The options of a source, as the owner's side takes them."""
    wanted = None if splits is None else [name for name in splits.split(",") if name]
    return {
        "form": form, "resize": resize, "pad": pad, "crop": crop, "channels": channels, "copies": copies,
        "follow_links": follow_links, "column": column, "splits": wanted,
    }  # fmt: skip


def option_of(name: str) -> str:
    """What a parameter is called on the command line."""
    return f"--{name.replace('_', '-')}"

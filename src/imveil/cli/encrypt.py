"""`imveil encrypt` and `imveil decrypt`: whole data sets or one picture, the owner's two main commands."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imveil.errors import BadDestination

if TYPE_CHECKING:
    from imveil.owner.progress import Progress, Report, Watch

KeyOption = Annotated[
    str, typer.Option("--key", help="The key: a file, fd:N, or env:NAME where NAME names a file.", show_default=False)
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one for each core unless given.")]
Fields = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field of the scheme; again for others.")
]


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    app.command("encrypt")(encrypt)
    app.command("decrypt")(decrypt)


def encrypt(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="A folder of pictures, an .npz file, cifar10, cifar100, or a picture.",
            show_default=False,
        ),
    ],
    destination: Annotated[
        Path,
        typer.Argument(
            metavar="DST",
            help="A new folder for the cipher data set; for a picture a .png or .npz file.",
            show_default=False,
        ),
    ],
    key: KeyOption,
    scheme: Annotated[str, typer.Option("--scheme", help="The scheme; see 'imveil schemes'.", show_default=False)],
    fields: Fields = None,
    keep_names: Annotated[
        bool,
        typer.Option("--keep-names", help="Call cipher images as the pictures are; else names hide behind the key."),
    ] = False,
    container: Annotated[
        str | None,
        typer.Option(help="How cipher images are stored: folder (of PNGs) or npz; by the scheme unless given."),
    ] = None,
    workers: Workers = None,
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
      imveil encrypt query.jpg query.png --key my.key --scheme negpos/1
      imveil encrypt photos/ ciphers/ --key my.key --scheme patch/1 --container npz
    """
    from imveil.cli.fields import find_scheme
    from imveil.cli.secrets import open_key

    chosen = find_scheme(scheme, fields)
    if _is_picture(source):
        from imveil.owner.encrypt import encrypt_file

        _new_file(destination, ".png", ".npz")
        encrypt_file(source, destination, chosen, open_key(key))
        typer.echo(f"{destination}: encrypted with {chosen.id}")
        return
    from imveil.owner.encrypt import REJECTED, encrypt_set, pick_container
    from imveil.owner.sources import open_source

    stored = pick_container(chosen, container)
    if container is None and stored != "folder":
        print(f"imveil: cipher images of {chosen.id} are {chosen.traits.dtype}, stored as {stored}", file=sys.stderr)
    if not chosen.traits.invertible:
        print(f"imveil: {chosen.id} cannot be decrypted again, by design", file=sys.stderr)
    opened = open_key(key)
    pictures = open_source(source)
    for note in pictures.notes:
        print(f"imveil: {note}", file=sys.stderr)
    with _interruptible(), _bar("encrypting") as watch:
        report = encrypt_set(
            pictures,
            destination,
            chosen,
            opened,
            keep_names=keep_names,
            container=stored,
            workers=workers,
            progress=watch,
        )
    _close(report, f"encrypted with {chosen.id}, key {opened.fingerprint}", destination)
    _rejected(report, f"see {destination / REJECTED}")


def decrypt(
    source: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="A cipher data set, or one cipher image, .png or .npz.", show_default=False),
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="DST", help="A new folder for the pictures, or a .png file.", show_default=False)
    ],
    key: KeyOption,
    workers: Workers = None,
) -> None:
    """Decrypt a cipher data set: pixels, names and classes as they were, as PNG files, each one checked.

    Cipher images that were altered are listed on standard error, the others are decrypted, and the exit code is 1.
    An interrupted run leaves nothing half written; the same command again goes on.

    \b
    Examples:
      imveil decrypt ciphers/ photos/ --key my.key
      imveil decrypt answer.png picture.png --key my.key
    """
    from imveil.cli.secrets import open_key

    if source.is_file():
        from imveil.owner.decrypt import decrypt_file

        _new_file(destination, ".png")
        decrypt_file(source, destination, open_key(key))
        typer.echo(f"{destination}: decrypted")
        return
    from imveil.owner.decrypt import decrypt_set

    opened = open_key(key)
    with _interruptible(), _bar("decrypting") as watch:
        report = decrypt_set(source, destination, opened, workers=workers, progress=watch)
    _close(report, f"decrypted with key {opened.fingerprint}", destination)
    _rejected(report, "ask for these again where the data set came from")


def _is_picture(source: str) -> bool:
    return Path(source).is_file() and Path(source).suffix.lower() != ".npz"


def _new_file(path: Path, *suffixes: str) -> None:
    if path.exists():
        raise BadDestination(f"{path} exists already", hint="choose another name")
    if path.suffix.lower() not in suffixes:
        raise BadDestination(f"one picture goes into a {' or '.join(suffixes)} file, not {path}")
    if not path.parent.is_dir():
        raise BadDestination(f"{path.parent} is no folder", hint="make it first")


@contextmanager
def _interruptible() -> Iterator[None]:
    """A polite request to end is the same as Ctrl-C: the run stops between two pictures."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _bar(verb: str) -> Iterator[Watch | None]:
    """A bar with images a second, time left and bytes, where standard error is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}"))
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(verb, total=None, facts="starting")

        def watch(at: Progress) -> None:
            bar.update(task, total=at.total, completed=at.done, facts=_facts(at))

        yield watch


def _facts(at: Progress) -> str:
    speed = (at.done - at.kept) / at.seconds if at.seconds else 0.0
    left = f"{_time((at.total - at.done) / speed)} left" if speed else "going on"
    return f"{speed:,.0f} images/s  {left}  {_size(at.bytes)}"


def _close(report: Report, how: str, destination: Path) -> None:
    if report.already:
        typer.echo(f"already complete: {report.images:,} pictures in {destination}")
        return
    new = report.images - report.kept
    speed = f" ({new / report.seconds:,.0f} images/s)" if report.seconds else ""
    kept = f", {report.kept:,} of them by an earlier run" if report.kept else ""
    took = f"{_size(report.bytes)} in {_time(report.seconds)}{speed}"
    typer.echo(f"{report.images:,} pictures {how}{kept}: {took}, {destination}")


def _rejected(report: Report, hint: str) -> None:
    for reject in report.rejected:
        named = reject.reason if reject.id in reject.reason else f"{reject.id}: {reject.reason}"
        print("imveil: " + " ".join(named.split()), file=sys.stderr)
    if report.rejected:
        some = "1 picture was" if len(report.rejected) == 1 else f"{len(report.rejected):,} pictures were"
        print(f"imveil: {some} left out; {hint}", file=sys.stderr)
        raise typer.Exit(code=1)


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s" if seconds < 3600 else f"{seconds / 3600:.1f} h"

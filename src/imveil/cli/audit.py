"""`imveil audit`: what an attacker recovers from a scheme, from a folder of cipher images, from anybody's encryptor."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imveil.cli.codes import GATE, INTERRUPTED
from imveil.cli.options import Fields
from imveil.cli.progress import working
from imveil.cli.words import note, say, say_json, seconds
from imveil.errors import BadDestination, BadInput

if TYPE_CHECKING:
    from imveil.attacks.base import ViewName
    from imveil.audit.result import Audit


GROUP = "Attacker"


class Views(StrEnum):
    """What the attacker holds."""

    coa = "coa"
    kpa = "kpa"
    cpa = "cpa"
    all = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER", help="A folder of cipher images: no key and no scheme is needed.", show_default=False
        ),
    ] = None,
    scheme: Annotated[str, typer.Option("--scheme", help="Audit a scheme; see 'imveil schemes'.")] = "",
    fields: Fields = None,
    encryptor: Annotated[
        str, typer.Option(help="Audit any encryptor: module:function, or a program that turns a PNG into a PNG.")
    ] = "",
    data: Annotated[
        str, typer.Option(help="Plain pictures of the kind to be protected: a folder, a .npz file, cifar10, cifar100.")
    ] = "",
    truth: Annotated[
        Path | None, typer.Option(help="For a folder: the true pictures, under the cipher files' own names.")
    ] = None,
    public: Annotated[
        str,
        typer.Option(help="For a folder: plain pictures of the same kind and size that an attacker may know."),
    ] = "",
    view: Annotated[
        Views, typer.Option(help="What the attacker holds: cipher images, known pictures, an oracle, or all of it.")
    ] = Views.all,
    budget: Annotated[
        str, typer.Option(help="Time that the whole audit may take, report and all: 120, 120s, 10m.")
    ] = "120s",
    out: Annotated[Path | None, typer.Option("--out", help="The report to write, an .html file.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="The same as JSON; - for standard output.")] = None,
    fail_above: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Leave with 3 when the best attack surely recovers more than this share."),
    ] = None,
    fail_identified: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Leave with 3 when the right candidate is surely picked more often than this."),
    ] = None,
    ci: Annotated[
        bool, typer.Option("--ci", help="Both limits at 0.05, and 4 where too little was tried to acquit.")
    ] = False,
    round_: Annotated[
        Path | None, typer.Option("--round", help="For the total of a private round: its round.", show_default=False)
    ] = None,
    examiner: Annotated[str, typer.Option(help="Who examines: a name for the report.")] = "",
    case: Annotated[str, typer.Option(help="What for: a line for the report.")] = "",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that one call of an encryptor may take.")] = 60.0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the report.")] = False,
) -> None:
    """Attack a scheme, a folder of cipher images, or somebody's encryptor, and show what comes back.

    The answer is one sentence, and a report with pictures: original, cipher, recovered, for every attack, beside a
    blind guess and the same attack on noise. With --ci, or limits of your own, it can stand in a pipeline: it leaves
    with 3 when pictures surely come back or are told apart, and with 4 when too little was tried to acquit.

    \b
    Examples:
      imveil audit --scheme logistic-xor/1 --data cifar10 --out report.html
      imveil audit ciphers/ --out report.html --ci
      imveil audit ciphers/ --truth pictures/ --json report.json
      imveil audit ciphers/ --public other-pictures/ --budget 5m
      imveil audit study.total --round study.round
      imveil audit --encryptor mycode:encrypt --data photos/ --view cpa --budget 5m --out report.html
    """
    import json

    if round_ is not None:
        if folder is None:
            raise BadInput("--round goes with the total of that round")
        _total(folder, round_)
        return
    from imveil.audit.campaign import audit as run
    from imveil.audit.encryptor_campaign import audit_encryptor
    from imveil.audit.folder_campaign import audit_folder, read_folder
    from imveil.audit.pictures import read_pictures
    from imveil.audit.trials import reserved
    from imveil.audit.verdicts import as_json, sentence
    from imveil.cli.fields import find_scheme
    from imveil.store.files import write_file
    from imveil.system import running

    given = [name for name, value in (("FOLDER", folder), ("--scheme", scheme), ("--encryptor", encryptor)) if value]
    if len(given) != 1:
        came = " and ".join(given) or "none"
        raise BadInput(
            f"one of FOLDER, --scheme and --encryptor was needed, {came} came", hint="see 'imveil audit --help'"
        )
    if truth is not None and folder is None:
        raise BadInput("--truth goes with a folder of cipher images")
    if public and folder is None:
        raise BadInput("--public goes with a folder of cipher images; others take such pictures from --data")
    if folder is not None and data:
        raise BadInput("--data goes with --scheme or --encryptor; for a folder the true pictures are given by --truth")
    if folder is not None and view in (Views.kpa, Views.cpa):
        raise BadInput(
            f"a folder holds cipher images and nothing else, --view {view} needs more",
            hint="leave --view out, or audit the scheme with --scheme or --encryptor",
        )
    if folder is None and not data:
        raise BadInput(
            "plain pictures to attack were needed", hint="name some with --data, such as cifar10 or a folder"
        )
    if fields and not scheme:
        raise BadInput("--set goes with --scheme")
    for path in (out, json_out):
        _writable(path, force)
    if out is not None:
        _extra()
    limit = seconds(budget)

    def spent() -> float:  # by then; a process that has run for long did other things before
        return min(running(), limit / 2) + reserved(limit, out is not None)

    with _watch(limit) as watch:
        if folder is not None:
            images = read_folder(folder)
            found = audit_folder(
                images, truth=truth, public=public or None, budget=limit, spent=spent(), progress=watch
            )  # fmt: skip
        elif scheme:
            chosen = find_scheme(scheme, fields)
            pictures = read_pictures(data, tile=chosen.traits.tile)
            found = run(chosen, pictures, budget=limit, views=_views(view), spent=spent(), progress=watch)
        else:
            pictures = read_pictures(data)
            found = audit_encryptor(
                encryptor, pictures, budget=limit, views=_views(view), timeout=timeout, spent=spent(), progress=watch
            )  # fmt: skip
    (note if str(json_out) == "-" else say)(sentence(found))
    for text in found.notes:
        note(text)
    if str(json_out) == "-":
        say_json(as_json(found), indent=1)
    elif json_out is not None:
        write_file(json_out, f"{json.dumps(as_json(found), indent=1, allow_nan=False)}\n".encode())
    if out is not None:
        from imveil.audit.report.page import write_audit

        write_audit(
            out, found, _command(folder, scheme, fields, encryptor, data, truth, public, view, budget), examiner, case
        )
        note(f"report: {out}")
    _leave(found, fail_above, fail_identified, ci)


def _total(path: Path, round_: Path) -> None:
    """Say what the total of a private round gives away."""
    from imveil.audit.totals import audit_total
    from imveil.cli.words import fact
    from imveil.store.messages.round import Round
    from imveil.store.messages.total import Total

    with working("auditing"):
        found = audit_total(Total.read(path), Round.read(round_))
    for what, text in found.lines:
        fact(what, text)
    for one in found.found:
        cap = f", proven cap {one.cap:.3f}" if one.cap < 1 else ", nothing limits it"
        said = f"AUC {one.value:.3f} (95 % interval {one.low:.3f} to {one.high:.3f}, n = {one.n:,}){cap}"
        say(f"  {one.attack:<17}{said}, on made rows")


def _leave(found: Audit, fail_above: float | None, fail_identified: float | None, ci: bool) -> None:
    """The exit code: 130 interrupted, else by the gate."""
    from imveil.audit.gates import gate

    if found.interrupted:
        played = f"{len(found.findings)} of {len(found.findings) + len(found.skipped)} trials were played"
        note(f"interrupted after {found.seconds:.0f} s; {played}, the answer is of these")
        raise SystemExit(INTERRUPTED)
    answer = gate(found, above=fail_above, identified=fail_identified, strict=ci)
    if answer.why:
        note(answer.why)
        raise typer.Exit(code=GATE[answer.state])


def _views(view: Views) -> list[ViewName]:
    from imveil.audit.trials import VIEWS

    return [name for name in VIEWS if view in (Views.all, name)]


def _writable(path: Path | None, force: bool) -> None:
    if path is None or str(path) == "-":
        return
    if path.exists() and (path.is_dir() or not force):
        raise BadDestination(f"{path} exists already", hint="choose another name, or overwrite it with --force")
    if not path.parent.is_dir():
        raise BadDestination(f"{path.parent} is no folder", hint="make it first")


def _extra() -> None:
    """Before minutes of work: is there what the report is made with?"""
    from importlib.util import find_spec

    from imveil.errors import MissingExtra

    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"a report in HTML needs {' and '.join(missing)}", hint="pip install 'imveil[audit]', or ask for --json"
        )


def _command(
    folder: Path | None, scheme: str, fields: list[str] | None, encryptor: str, data: str, truth: Path | None,
    public: str, view: Views, budget: str,
) -> str:  # fmt: skip
    words = ["imveil", "audit", *([str(folder)] if folder else [])]
    pairs = [("--scheme", scheme), *(("--set", f) for f in fields or []), ("--encryptor", encryptor), ("--data", data)]
    pairs += [("--truth", str(truth or "")), ("--public", public)] + ([] if folder else [("--view", view.value)])
    words += [word for option, value in pairs if value for word in (option, value)]
    return shlex.join([*words, "--budget", budget, "--out", "report.html"])


@contextmanager
def _watch(budget: float) -> Iterator[Callable[[int, int, str], None]]:
    """What is played now, and how much of the time is used. Called with (trials done, trials, what is played now)."""
    began = 0.0
    with working("auditing") as tell, _unprinted():
        tell("reading the pictures")

        def watch(done: int, total: int, label: str) -> None:
            nonlocal began
            began = began or time.monotonic()
            used = f"{time.monotonic() - began:.0f} of {budget:.0f} s"
            tell(f"{used}, attack {done + 1} of {total}: {label} (Ctrl-C ends it with what there is)")

        yield watch


@contextmanager
def _unprinted() -> Iterator[None]:
    """A deadline that comes up inside a callback of the interpreter's is dropped there; nobody needs to read of it."""
    from imveil.audit.deadline import OutOfTime

    before = sys.unraisablehook
    sys.unraisablehook = lambda said: None if said.exc_type is OutOfTime else before(said)
    try:
        yield
    finally:
        sys.unraisablehook = before

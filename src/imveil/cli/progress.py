"""What is shown while a command works: one changing line at a terminal, else a line at least every ten seconds."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import typer

from imveil.cli.codes import PART
from imveil.cli.words import count, duration, fact, note, notes, say, size
from imveil.errors import shown

if TYPE_CHECKING:
    from pathlib import Path

    from imveil.cloud.training.settings import Epoch
    from imveil.cloud.training.settings import Progress as Training
    from imveil.owner.run.progress import Progress, Report, Watch

SHOWN = 20  # epochs that get a line
SILENCE = 9.0  # seconds between two lines where standard error is no terminal


class Tell(Protocol):
    """Takes where the work is: words, and how much of how much is done where that can be said."""

    def __call__(self, state: str = "", done: int | None = None, total: int | None = None) -> None: ...


@contextmanager
def working(verb: str) -> Iterator[Tell]:
    """Show that something goes on, from now until the block ends, however seldom it tells where it is."""
    from rich.console import Console

    console = Console(stderr=True)
    with _line(verb, console) if console.is_terminal else _lines(verb) as tell:
        yield tell


@contextmanager
def logged(verb: str) -> Iterator[Tell]:
    """The same for work that has a picture of its own at a terminal."""
    from rich.console import Console

    if Console(stderr=True).is_terminal:
        yield lambda *_: None
    else:
        with _lines(verb) as tell:
            yield tell


@contextmanager
def _line(verb: str, console: Any) -> Iterator[Tell]:
    """For terminals: a bar and where the work is, gone when it is over."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(verb), BarColumn(), TextColumn("{task.fields[state]}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(verb, total=None, state="")

        def tell(state: str = "", done: int | None = None, total: int | None = None) -> None:
            bar.update(task, total=total, completed=done or 0, state=_where(state, done, total))

        yield tell


@contextmanager
def _lines(verb: str) -> Iterator[Tell]:
    """For logs: a line whenever nothing was said for so long, and so none for what is over sooner."""
    began, over = time.monotonic(), threading.Event()
    where = ""

    def tell(state: str = "", done: int | None = None, total: int | None = None) -> None:
        nonlocal where
        where = _where(state, done, total)

    def speak() -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads standard error now
            while not over.wait(SILENCE):
                note(f"{verb}{where and ' '}{where}, {duration(time.monotonic() - began)} so far")

    speaker = threading.Thread(target=speak, name="imveil-progress", daemon=True)
    speaker.start()
    try:
        yield tell
    finally:
        over.set()
        speaker.join()


def _where(state: str, done: int | None, total: int | None) -> str:
    """Words and numbers on one line."""
    numbers = "" if done is None else f"{done:,}" if total is None else f"{done:,} of {total:,}"
    return "  ".join(part for part in (numbers, shown(state)) if part)


@contextmanager
def bar(verb: str) -> Iterator[Watch]:
    """What an owner's run shows: pictures done, pictures a second, time left, bytes."""
    with working(verb) as tell:

        def watch(at: Progress) -> None:
            speed = (at.done - at.kept) / at.seconds if at.seconds else 0.0
            left = f"{duration((at.total - at.done) / speed)} left" if speed else "going on"
            tell(f"{speed:,.0f} images/s  {left}  {size(at.bytes)}", at.done, at.total)

        yield watch


@contextmanager
def interruptible() -> Iterator[None]:
    """A polite request to end is the same as Ctrl-C: the run stops between two pictures."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def close(report: Report, how: str, destination: Path | str) -> None:
    """Say what a run did."""
    if report.already:
        say(f"already complete: {count(report.images, 'picture')} in {destination}")
        return
    new = report.images - report.kept
    speed = f" ({new / report.seconds:,.0f} images/s)" if report.seconds else ""
    kept = f", {report.kept:,} of them by an earlier run" if report.kept else ""
    took = f"{size(report.bytes)} in {duration(report.seconds)}{speed}"
    say(f"{count(report.images, 'picture')} {how}{kept}: {took}, {destination}")


def rejected(report: Report, hint: str) -> None:
    """Say what a run left out, and why, and what else is wrong; leave with 1 where there was any of it."""
    notes(report.notes)
    notes(report.wrong)
    notes([reject.line for reject in report.rejected])
    left_out(len(report.rejected), hint)
    if report.wrong:
        raise typer.Exit(code=PART)


def left_out(number: int, hint: str = "") -> None:
    """Say how many pictures were left out, and leave with 1; nothing for none."""
    if number:
        note(f"{count(number, 'picture was', 'pictures were')} left out" + (hint and f"; {hint}"))
        raise typer.Exit(code=PART)


class Epochs:
    """What a training run shows: a table that grows at a terminal, else a line for an epoch, of many for some twenty of
    them, and one now and then.

    A context for the run; called with its progress. tell: of `logged`.
    """

    def __init__(self, tell: Tell | None = None) -> None:
        self.tell = tell
        self.done: list[Epoch] = []
        self.live: Any = None
        self.epochs = 0

    def __enter__(self) -> Epochs:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        if console.is_terminal:
            self.live = Live(self.table("starting"), console=console, refresh_per_second=4)
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.update(self.table(""))
            self.live.stop()

    def __call__(self, at: Training) -> None:
        self.epochs = at.epochs
        left = f", {duration(at.seconds / max(1, at.step) * (at.steps - at.step))} to go" if at.steps else ""
        count = f"{at.step:,} of {at.steps:,}" if at.steps else f"{at.step:,}"
        state = f"step {count}, loss {at.loss:.3f}{left}"
        if self.tell:
            self.tell(state)
        if at.done:
            self.done.append(at.done)
            last = at.step >= at.steps > 0
            if not self.live and (last or at.done.number % max(1, -(-at.epochs // SHOWN)) == 0):
                held = "" if at.done.valid is None else f"  validation {at.done.valid:.2%}"
                number = f"{at.done.number} of {at.epochs}" if at.epochs else str(at.done.number)
                rest = "" if last else left.replace(",", " ")
                fact("epoch", f"{number}  loss {at.done.loss:.4f}{held}  {at.done.seconds:.0f} s{rest}")
                sys.stdout.flush()
        if self.live:
            self.live.update(self.table(state))

    def table(self, state: str) -> Any:
        """The last epochs, and where the run is."""
        from rich.table import Table

        table = Table("epoch", "loss", "validation", "seconds", caption=state, caption_justify="left")
        for one in self.done[-15:]:
            held = "" if one.valid is None else f"{one.valid:.2%}"
            table.add_row(f"{one.number} of {self.epochs}", f"{one.loss:.4f}", held, f"{one.seconds:.0f}")
        return table

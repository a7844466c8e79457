"""What a training run shows while it goes on: a table that grows on a terminal, else a line for every epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imveil.cli.words import duration, fact

if TYPE_CHECKING:
    from imveil.cloud.training.settings import Epoch, Progress


class Watch:
    """A context for the run; called with its progress."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.done: list[Epoch] = []
        self.live: Any = None

    def __enter__(self) -> Watch:
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

    def __call__(self, at: Progress) -> None:
        left = duration(at.seconds / max(1, at.step) * (at.steps - at.step))
        if at.done:
            self.done.append(at.done)
            if not self.live:
                held = "" if at.done.valid is None else f"  validation {at.done.valid:.2%}"
                number = f"{at.done.number} of {self.epochs}"
                rest = f"  {left} to go" if at.step < at.steps else ""
                fact("epoch", f"{number}  loss {at.done.loss:.4f}{held}  {at.done.seconds:.0f} s{rest}")
        if self.live:
            self.live.update(self.table(f"step {at.step:,} of {at.steps:,}, loss {at.loss:.3f}, {left} to go"))

    def table(self, state: str) -> Any:
        """The last epochs, and where the run is."""
        from rich.table import Table

        table = Table("epoch", "loss", "validation", "seconds", caption=state, caption_justify="left")
        for one in self.done[-15:]:
            held = "" if one.valid is None else f"{one.valid:.2%}"
            table.add_row(f"{one.number} of {self.epochs}", f"{one.loss:.4f}", held, f"{one.seconds:.0f}")
        return table

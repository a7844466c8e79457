"""Budget: how many steps fit into a time, as the first steps of the run itself say.

Nothing is thrown away to find out: while the rate goes up it does not depend on how many steps there will be.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from imveil.cloud.data.streamed import Streamed
from imveil.cloud.prediction import hits
from imveil.cloud.training.health import looked_at
from imveil.cloud.training.sizes import fewest
from imveil.cloud.training.step import Run
from imveil.errors import TrainingProblem
from imveil.extras import torch
from imveil.interval import duration

Held = tuple[torch.Tensor | Streamed, torch.Tensor]
LOOKED = 20  # steps that are timed, or as many as a twentieth of the time has room for
LEAST = 3
SPARE = 0.97  # of the time: what is written and said at the end takes some too
SOME = 512  # held-out pictures that are timed


@dataclass
class Budget:
    """A time in seconds, from now on.

    tested: how many pictures are asked at the end, which takes its time too. tell: takes what was planned, in words.
    """

    seconds: float
    tested: int = 0
    tell: Callable[[str], object] = lambda _: None
    begin: float = field(default_factory=time.monotonic)
    took: list[float] = field(default_factory=list)

    def timed(self, step: Callable[[], torch.Tensor]) -> torch.Tensor:
        """A step, and the device has done it when it comes back."""
        start = time.monotonic()
        loss = step()
        float(loss)
        self.took.append(time.monotonic() - start)
        if len(self.took) == 1 and self.took[0] > self.seconds:
            raise TrainingProblem(
                f"a step takes {duration(self.took[0])} here, more than the budget of {duration(self.seconds)}",
                hint="give more time, or use a smaller batch, width or net",
            )
        return loss

    def planned(self, run: Run, held: Held | None) -> int:
        """Steps of the whole run, 0 as long as too few were timed to say."""
        enough = len(self.took) >= LOOKED or sum(self.took) > self.seconds / 20
        if len(self.took) < LEAST or not enough:
            return 0
        first = min(2, len(self.took) - 1)  # the first ones are slower
        each = sorted(self.took[first:])[(len(self.took) - first) // 2]
        answer = 0.0 if held is None else self._asked(run, held)
        looking = 0.0 if held is None else answer * len(held[0])  # after each epoch
        once = answer * (looked_at(run) + self.tested)
        left = self.begin + self.seconds * SPARE - time.monotonic() - once
        fits = run.done + int(left / (each + looking / run.steps))
        least = fewest(run.settings.batch)
        short = f", more than the budget: with fewer than {least} nothing is learnt" if fits < least else ""
        total = max(fits, least)
        count = f"{total:,} steps of {run.settings.batch} pictures, {total / run.steps:.1f} epochs"
        self.tell(f"{count}, about {duration(total * each + total / run.steps * looking + once)}{short}; planned")
        return total

    @staticmethod
    def _asked(run: Run, held: Held) -> float:
        """Seconds to answer one picture."""
        some = held[0][:SOME]
        start = time.monotonic()
        hits(run.net, some, held[1][:SOME], precision=run.settings.precision)
        return (time.monotonic() - start) / len(held[1][:SOME])

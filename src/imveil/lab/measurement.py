"""Measurement: what a record of some kind answers; and measuring what the records lack, within a budget.

    for record in answers(questions(["etc/1"]), seeds=3, budget=600): ...

What the records answer already is not measured again. Measurements come in ladders. Where an attack is given more and
more (pairs, cipher images), its ladder is left as soon as everything is recovered, and where the most gives nothing,
less is not tried.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from imveil import record
from imveil.errors import MissingExtra
from imveil.record import Record, digest_of

SEEDS = 3
DONE = 0.999  # a recovery after which more pairs or cipher images need not be tried
NOTHING = 0.05  # less than this, from the most that an attack is given, and less is not tried


class Measurement(ABC):
    """One thing that can be measured again and again, by seed. Printed, it says in a few words what is asked.

    Attributes
    ----------
    kind
        Of its records.
    seconds
        About how long it takes, where that is long.
    """

    kind: ClassVar[str]

    @property
    def seconds(self) -> float:
        """About how long it takes; 0 where that is not worth asking."""
        return 0.0

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What is measured, as JSON can hold it: all that the seed does not decide."""

    @abstractmethod
    def measure(self, seed: int) -> Record:
        """Measure it, now."""

    def digest(self) -> str:
        """Of the records that answer it."""
        return digest_of(self.facts())

    def measured(self, name: str, seed: int, found: Mapping[str, Any] | None = None, **numbers: Any) -> Record:
        """A record of here and now.

        Parameters
        ----------
        found
            Facts that came out, beside what was asked.
        numbers
            As `record.measured` takes them.
        """
        facts = {**self.facts(), **(found or {})}
        return record.measured(kind=self.kind, name=name, digest=self.digest(), facts=facts, seed=seed, **numbers)


def answers(
    ladders: Iterable[Sequence[Measurement]],
    *,
    seeds: int = SEEDS,
    budget: float = float("inf"),
    again: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Record]:
    """Measure what the records do not hold, and append it to them; the new records.

    Parameters
    ----------
    budget
        Seconds, after which nothing is begun, nor before what would take longer than is left. A game that was played
        without its control does not count as an answer.
    again
        Measure all of it, whatever the records hold: tables take the last of each run.
    """
    end = time.monotonic() + budget
    have: dict[str, dict[tuple[str, int | None], Record]] = {}
    for ladder in ladders:
        for one in _climbed(ladder):
            if one.kind not in have:
                held = () if again else record.read(one.kind)
                have[one.kind] = {(r.digest, r.seed): r for r in held if complete(r)}
            known, runs = one.digest(), []
            for seed in range(seeds):
                if (known, seed) not in have[one.kind]:
                    if time.monotonic() + one.seconds >= end:
                        break
                    tell(f"{one}, seed {seed}")
                    try:
                        found = one.measure(seed)
                    except MissingExtra as error:
                        tell(f"{one}: {error}")
                        break
                    record.append(found)
                    have[one.kind][known, seed] = found
                    yield found
                runs.append(have[one.kind][known, seed])
            if len(runs) < seeds:
                break
            if one.kind == "recovery" and _known(one is ladder[-1], runs):
                break


def _known(most: bool, runs: list[Record]) -> bool:
    """Whether the rest of a ladder is: nothing comes from the most, or everything from what was tried after it."""
    return max(one.value for one in runs) < NOTHING if most else min(one.low for one in runs) >= DONE


def _climbed(ladder: Sequence[Measurement]) -> Iterator[Measurement]:
    """The least, then the most, then from the least upwards."""
    yield ladder[0]
    if len(ladder) > 1:
        yield ladder[-1]
        yield from ladder[1:-1]


def complete(one: Record) -> bool:
    """Whether a record answers anything: a game that was played without its control does not."""
    return one.kind != "recovery" or one.facts["found"].get("control") is not None

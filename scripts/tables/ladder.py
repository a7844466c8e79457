"""The ladder of puzzles as a table: how much of a picture is put together rightly, rung by rung."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from scripts.records.puzzles import rungs

from imveil.record import Record, latest

NOTE = (
    "Means over the middle of the 24 Kodak photographs, each under a key of its own. Neighbour: pairs of places whose "
    "blocks are neighbours in the picture too, on the same sides, with its 95 % interval over photographs; direct: "
    "blocks in their own place; largest: the largest part that is right in itself. All in the best of the picture's "
    "own turns, as nothing tells them apart; whether a block has its right turn and colours is not asked. Of grey EtC: "
    "of the luma."
)
HEAD = ["scheme", "block", "steps", "blocks", "neighbour", "95 %", "at least 0.8", "direct", "largest", "s a picture"]


def ladder_table(attack: str, records: Iterable[Record]) -> tuple[list[str], list[list[str]]]:
    """Header and rows, from the lowest rung up. records: of kind "assembly"."""
    found = {one.digest: one for one in latest(records)}
    rows = []
    for rung in rungs():
        if rung.attack == attack and (one := found.get(rung.digest())):
            each = one.facts["each"]
            h, w = rung.size or (512, 768)
            rows.append(
                [
                    f"`{rung.scheme}`",
                    str(rung.block),
                    " + ".join(rung.steps),
                    f"{prod((h, w)) // rung.block**2:,}",
                    f"{one.value:.3f}",
                    f"{one.low:.3f} to {one.high:.3f}",
                    f"{sum(r[1] >= 0.8 for r in each)} of {one.n}",
                    f"{one.facts['direct']:.3f}",
                    f"{one.facts['largest']:.3f}",
                    f"{one.seconds / one.n:.1f}",
                ]
            )
    return HEAD, rows

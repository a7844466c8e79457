"""What a command says, and how: an answer on standard output, a note on standard error, JSON; nothing else is printed.

Every line goes through `imveil.errors.shown`: names of files, classes and splits may come from a stranger.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from imveil.errors import BadField, shown
from imveil.interval import duration as duration
from imveil.interval import seconds as seconds

if TYPE_CHECKING:
    from imveil.cloud.prediction import Score

MOST = 20  # lines of one kind; of the others it is said how many


def say(line: object = "") -> None:
    """One line of an answer, on standard output."""
    print(shown(line))


def note(line: object) -> None:
    """One line beside the answer, on standard error."""
    print(f"imveil: {shown(line)}", file=sys.stderr, flush=True)


def notes(lines: Sequence[object], count: int | None = None, most: int = MOST) -> None:
    """A line for each, at most `most`, and how many more there are; count: of all, where `lines` are the first."""
    for line in lines[:most]:
        note(line)
    if more := (len(lines) if count is None else count) - min(most, len(lines)):
        note(f"and {more:,} more")


def say_json(value: Any, indent: int | None = None) -> None:
    """An answer for programs, on standard output."""
    print(json.dumps(value, indent=indent, allow_nan=False))


def say_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table, as wide as the terminal; the first column is never broken."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for i, name in enumerate(head):
        table.add_column(Text(name), no_wrap=i == 0)
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    Console().print(table)


def fact(name: str, text: str) -> None:
    """One line: what, and its value."""
    say(f"{name:<9} {text}")


def share(right: int, n: int) -> str:
    """This many of n, in percent, with the 95 % interval.

    >>> share(9, 10)
    '90.00% (9 of 10; 95 % interval 59.58% to 98.21%)'
    """
    from imveil.interval import wilson

    low, high = wilson(right, n)
    return f"{right / n:.2%} ({right:,} of {n:,}; 95 % interval {low:.2%} to {high:.2%})"


def fairly(score: Score, classes: Sequence[str]) -> str:
    """What stands beside every accuracy, so that it does not flatter: balanced accuracy, and the commonest class.

    >>> import numpy as np
    >>> from imveil.cloud.prediction import Score
    >>> fairly(Score(np.array([[9, 0], [1, 0]])), ["cat", "dog"])
    "balanced accuracy 50.00%; always 'cat' gives 90.00%"
    """
    most, level = score.always
    apart = ", ".join(f"{n:,} of {name}" for name, n in score.apart.items())
    unknown = f"; not counted: {apart}, which the model does not know" if apart else ""
    return f"balanced accuracy {score.balanced:.2%}; always {classes[most]!r} gives {level:.2%}{unknown}"


def few(names: list[str]) -> str:
    """Names, the first five of many."""
    return ", ".join(names[:5]) + (f", ... ({len(names)})" if len(names) > 5 else "")


def count(number: int, one: str, many: str = "") -> str:
    """This many of something.

    >>> count(1, "picture"), count(2_000, "picture"), count(0, "class", "classes")
    ('1 picture', '2,000 pictures', '0 classes')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(count: int) -> str:
    """Bytes as people say them.

    >>> size(4_250_000_000), size(78_500_000)
    ('4.25 GB', '78.5 MB')
    """
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def options(settings: list[str] | None) -> dict[str, Any]:
    """NAME=VALUE, again for others, with numbers, true and false as such. BadField for anything else.

    >>> options(["block=4", "order=false", "rate=0.5"])
    {'block': 4, 'order': False, 'rate': 0.5}
    """
    found: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise BadField(f"NAME=VALUE is needed, got {setting!r}")
        if name in found:
            raise BadField(f"{name} is set twice")
        try:
            found[name] = json.loads(text.strip().lower())
        except ValueError:
            found[name] = text.strip()
    return found


def confusion_lines(confusion: list[list[int]], classes: list[str], most: int = 12) -> list[str]:
    """The confusion matrix, truth down and answers across; of many classes the pairs that are confused most often.

    >>> print(*confusion_lines([[3, 1], [0, 4]], ["cat", "dog"]), sep="\\n")
    confusion: a row each class, a column each answer
      cat        3      1
      dog        0      4
    """
    wide = min(24, max(map(len, classes)))
    if len(classes) <= most:
        rows = [f"  {name[:wide]:<{wide}}  " + "".join(f"{n:7,}" for n in row) for name, row in zip(classes, confusion)]
        return ["confusion: a row each class, a column each answer", *rows]
    pairs = [(n, i, j) for i, row in enumerate(confusion) for j, n in enumerate(row) if i != j and n]
    worst = sorted(pairs, reverse=True)[:most]
    return ["most often confused:"] + [f"  {n:5,}  {classes[i]} answered as {classes[j]}" for n, i, j in worst]

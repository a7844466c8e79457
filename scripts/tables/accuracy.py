"""Accuracies: every recipe on record, and the leaderboard with its picture."""

from __future__ import annotations

from scripts.tables._markdown import markdown
from scripts.tables.claims import named

import imveil
from imveil import record
from imveil.lab.standings import front, rows
from imveil.lab.tables.leaderboard import plot, table

HEADER = ["recipe", "scheme", "adapter", "accuracy, %", "spread", "runs", "test images", "epochs"]


def accuracy() -> str:
    """One line a recipe: mean over seeds, spread, n, the lowest and highest interval."""
    lines = []
    for runs in sorted(record.runs(record.read("accuracy")), key=lambda g: (g[0].facts["data"], -record.summary(g)[0])):
        mean, sd, n = record.summary(runs)
        values = [one.value for one in runs]
        last = runs[-1]
        cells = [
            last.name,
            named(imveil.find(last.facts["scheme"], **last.facts["fields"])),
            front(last.facts["adapter"]),
            f"{mean:.2f}",
            "" if n == 1 else f"{min(values):.2f} to {max(values):.2f}" if n == 2 else f"sd {sd:.2f}",
            str(n),
            str(last.n),
            str(last.facts["epochs"]),
        ]
        lines.append(cells)
    return markdown(HEADER, lines)


def leaderboard() -> str:
    """Accuracy beside the best recovery, a line each recipe."""
    return markdown(*table(rows()))


TABLES = {"accuracy": accuracy, "leaderboard": leaderboard}
FILES = {"docs/pictures/leaderboard.svg": lambda: plot(rows())}

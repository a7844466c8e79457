"""Accuracies: every recipe on record, and the leaderboard with its picture."""

from __future__ import annotations

from statistics import fmean

from scripts.tables._markdown import markdown
from scripts.tables.claims import named

import imveil
from imveil import record
from imveil.lab.standings import front, rows
from imveil.lab.tables.leaderboard import plot, table

HEADER = ["recipe", "scheme", "adapter", "accuracy, %", "spread", "runs", "test images", "epochs"]
HOUR = "hour_"
HOURS = ["recipe", "scheme", "adapter", "accuracy, %", "95 % interval", "points behind plain", "minutes", "runs"]


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


def hours() -> str:
    """What more time gives: the recipes of an hour, points behind plain pictures and minutes."""
    found = [runs for runs in record.runs(record.read("accuracy")) if runs[-1].name.startswith(HOUR)]
    best = {runs[-1].name: record.summary(runs)[0] for runs in found}
    lines = []
    for runs in sorted(found, key=lambda runs: -best[runs[-1].name]):
        last, mean = runs[-1], best[runs[-1].name]
        lines.append(
            [
                f"`{last.name}`",
                named(imveil.find(last.facts["scheme"], **last.facts["fields"])),
                front(last.facts["adapter"]),
                f"{mean:.2f}",
                f"{last.low:.2f} to {last.high:.2f}",
                f"{best[f'{HOUR}plain'] - mean:.1f}",
                f"{fmean(one.seconds for one in runs) / 60:.0f}",
                str(len(runs)),
            ]
        )
    return markdown(HOURS, lines)


def leaderboard() -> str:
    """Accuracy beside the best recovery, a line each recipe."""
    return markdown(*table(rows()))


TABLES = {"accuracy": accuracy, "hours": hours, "leaderboard": leaderboard}
FILES = {"docs/pictures/leaderboard.svg": lambda: plot(rows())}

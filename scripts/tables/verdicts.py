"""Verdicts on paper: a line for each encryptor or folder, over all its runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from scripts.tables._markdown import markdown
from scripts.tables.speed import machines

from imveil import record
from imveil.record import Record

Table = tuple[list[str], list[list[str]]]

HEADER = [
    "encryptor", "what is audited", "pictures", "verdicts", "weakest attacker", "right", "loaded", "seconds of",
    "GB at most",
]  # fmt: skip


def verdicts_table(records: Iterable[Record]) -> Table:
    """Header and rows: of the last record of each seed, how often the verdict was right, and the worst of the rest."""
    runs: dict[str, dict[int | None, Record]] = defaultdict(dict)
    for one in records:
        runs[one.digest][one.seed] = one
    return HEADER, [_row(list(seeds.values())) for seeds in runs.values()]


def _row(runs: list[Record]) -> list[str]:
    facts, found = runs[0].facts, [one.facts["found"] for one in runs]
    seconds = [one.seconds for one in runs]
    return [
        runs[0].name.replace("_", " "),
        "a folder of its cipher images" if facts["folder"] else "the encryptor",
        f"{facts['pictures']:,} of {facts['data']}",
        _counted(one["level"] for one in found),
        _counted(one["weakest"] or "none" for one in found),
        f"{sum(one.value for one in runs):.0f} of {len(runs)}",
        f"{sum(one['loaded'] for one in found)} of {len(runs)}",
        f"{min(seconds):.0f} to {max(seconds):.0f} of {facts['budget']:.0f}",
        f"{max(one['memory'] for one in found):.2f}",
    ]


def _counted(words: Iterable[str]) -> str:
    count = Counter(words).most_common()
    return ", ".join(word if len(count) == 1 else f"{word} ({times})" for word, times in count)


def verdicts() -> str:
    """One line an encryptor, and where they were audited."""
    records = record.read("verdicts")
    return markdown(*verdicts_table(records)) + "\n" + machines(records) if records else "No audit was run yet.\n"


TABLES = {
    "verdicts": verdicts,
}

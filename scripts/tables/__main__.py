"""Write the tables of README and docs from records/, between their markers; `--check` only says whether they are fresh.

usage: python -m scripts.tables [--check]

A marker is a pair of HTML comments, <!-- table: NAME --> and <!-- end -->. Nothing between them is written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.records.pairs import pairs
from scripts.tables.audits import audits_table
from scripts.tables.carried import carried
from scripts.tables.claims import claims_page, named, recovery_table, status_table
from scripts.tables.compression import compression_table
from scripts.tables.learning import compiled_table, pairs_table, rekeyed_table, road_table, step_table
from scripts.tables.metrics import efficiency, key_spaces, metric_pages, recognised, streams
from scripts.tables.scale import cost_table, engine_table, growth_table, memory_table
from scripts.tables.speed import folder_table, machines, plan_table, ratio_table, scheme_table
from scripts.tables.web import web_sizes, web_table

import imveil
from imveil import record
from imveil.lab.claims import judge
from imveil.lab.paper import PAPER
from imveil.lab.standings import front, not_run, rows
from imveil.lab.tables.jpeg import jpeg_table
from imveil.lab.tables.leaderboard import plot
from imveil.lab.tables.leaderboard import table as leaders
from imveil.lab.tables.schemes import chapters, schemes_table
from imveil.lab.tables.sequences import bytes_table, maps_table

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def accuracy() -> str:
    """One line a recipe: mean over seeds, spread, n, the lowest and highest interval."""
    lines = [
        "| recipe | scheme | adapter | accuracy, % | sd | runs | test images | epochs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for runs in sorted(record.runs(record.read("accuracy")), key=lambda g: (g[0].facts["data"], -record.summary(g)[0])):
        mean, spread, n = record.summary(runs)
        last = runs[-1]
        cells = [
            last.name,
            named(imveil.find(last.facts["scheme"], **last.facts["fields"])),
            front(last.facts["adapter"]),
            f"{mean:.2f}",
            f"{spread:.2f}" if n > 1 else "",
            str(n),
            str(last.n),
            str(last.facts["epochs"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def speed() -> str:
    """Plans, peers and folder runs, and where all of docs/speed.md was measured."""
    return markdown(*ratio_table(record.read("speed"))) + "\n" + machines(record.read("speed"))


def speed_folders() -> str:
    """Whole folders of pictures."""
    return markdown(*folder_table(record.read("speed")))


def speed_schemes() -> str:
    """Every scheme, both ways."""
    return markdown(*scheme_table(record.read("speed")))


def speed_plans() -> str:
    """From a key to a plan."""
    return markdown(*plan_table(record.read("speed")))


def jpeg() -> str:
    """What JPEG leaves of cipher images, beside what it leaves of the pictures."""
    return markdown(*jpeg_table(record.read("jpeg")))


def schemes() -> str:
    """Every scheme, one line each."""
    return markdown(*schemes_table())


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, ["---"] * len(header), *rows))


def compression() -> str:
    """One line a way to keep a picture."""
    return markdown(*compression_table(record.read("compression")))


def sequences() -> str:
    """Every sequence as bytes."""
    return markdown(*bytes_table(record.read("sequence")))


def maps() -> str:
    """Every map's orbits in binary64."""
    return markdown(*maps_table(record.read("sequence")))


def status() -> str:
    """One line a scheme: the worst that was measured."""
    return markdown(*status_table(record.read("recovery")))


def recovery() -> str:
    """One line an attack on a scheme."""
    return markdown(*recovery_table(record.read("recovery")))


def claims() -> str:
    """The founding paper's claims, a section each."""
    return claims_page(judge(PAPER)[0])


def audits() -> str:
    """One line an audit, and where they were run."""
    records = record.read("audit")
    return markdown(*audits_table(records)) + "\n" + machines(records)


def leaderboard() -> str:
    """Accuracy beside the best recovery, a line each recipe."""
    found = rows()
    return markdown(*leaders(found, not_run(found)))


def scale() -> str:
    """What a picture costs, the engines, and both multiplied."""
    costs, speeds = record.read("scale"), record.read("speed")
    engines = [one for one in speeds if "engine" in one.facts]
    tables = [cost_table(costs), engine_table(engines), growth_table(costs, engines)]
    if not all(rows for _, rows in tables):
        return "Not measured yet.\n"
    return "\n".join(markdown(*one) for one in tables) + "\n" + machines([*costs, *engines])


def memory() -> str:
    """Peak memory of runs."""
    return markdown(*memory_table(record.read("speed")))


def rekeyed() -> str:
    """Models changed for a key."""
    return markdown(*rekeyed_table(record.read("rekeyed")))


def with_and_without() -> str:
    """Recipes that differ in what helps."""
    return markdown(*pairs_table(pairs()))


def fresh_step() -> str:
    """What encryption on the fly adds to a step."""
    return markdown(*step_table(record.read("fresh-step")))


def compiled_step() -> str:
    """What torch.compile saves of a step."""
    return markdown(*compiled_table(record.read("compiled-step")))


def roads() -> str:
    """From files through containers to models."""
    return markdown(*road_table(record.read("road")))


def web() -> str:
    """What a browser takes to encrypt a picture, and where that was measured."""
    records = record.read("web")
    return markdown(*web_table(records)) + "\n" + machines(records)


def web_size() -> str:
    """What a browser loads, and how long a wrapped key takes."""
    return markdown(*web_sizes(record.read("web")))


TABLES: dict[str, Callable[[], str]] = {
    "scale": scale,
    "memory": memory,
    "accuracy": accuracy,
    "leaderboard": leaderboard,
    "rekeyed": rekeyed,
    "pairs": with_and_without,
    "fresh-step": fresh_step,
    "compiled-step": compiled_step,
    "roads": roads,
    "web": web,
    "web-size": web_size,
    "speed": speed,
    "speed-folders": speed_folders,
    "speed-schemes": speed_schemes,
    "speed-plans": speed_plans,
    "jpeg": jpeg,
    "schemes": schemes,
    "scheme-chapters": chapters,
    "metrics": metric_pages,
    "efficiency": efficiency,
    "key-space": key_spaces,
    "recognised": recognised,
    "streams": streams,
    "compression": compression,
    "sequences": sequences,
    "maps": maps,
    "status": status,
    "recovery": recovery,
    "claims": claims,
    "audits": audits,
}


FILES: dict[str, Callable[[], str]] = {
    "src/imveil/records.json": carried,
    "docs/pictures/leaderboard.svg": lambda: plot(rows()),
}


def main() -> None:
    """Fill every marked place, write the files that are made of records, or say which is stale."""
    stale = []
    for name, draw in FILES.items():
        file, drawn = ROOT / name, draw()
        if not file.exists() or file.read_text(encoding="utf-8") != drawn:
            stale.append(name)
            if "--check" not in sys.argv:
                file.write_text(drawn, encoding="utf-8")
    for file in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        text = file.read_text(encoding="utf-8")
        fresh = MARK.sub(lambda m: m.group(1) + TABLES[m.group("name")]() + m.group(3), text)
        if fresh != text:
            stale.append(str(file.relative_to(ROOT)))
            if "--check" not in sys.argv:
                file.write_text(fresh, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"stale tables in {', '.join(stale)}: run python -m scripts.tables")
    print(f"tables fresh; written: {', '.join(stale) or 'none'}")


if __name__ == "__main__":
    main()

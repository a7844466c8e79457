"""Write the tables of README and docs from records/, between their markers; `--check` only says whether they are fresh.

usage: python -m scripts.tables [--check]

A marker is a pair of HTML comments, <!-- table: NAME --> and <!-- end -->. Nothing between them is written by hand.
A table is a member of `TABLES` of a file in this folder, found by being there; so is a whole file that is made of
records, in `FILES`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def found(what: str) -> dict[str, Callable[[], str]]:
    """All members of `TABLES`, or `FILES`, by name; a name that two files have is an error."""
    members: dict[str, Callable[[], str]] = {}
    for file in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        here = getattr(import_module(f"scripts.tables.{file.stem}"), what, {})
        if twice := members.keys() & here.keys():
            sys.exit(f"{', '.join(twice)} stands twice in {what} of scripts/tables, in {file.name} the second time")
        members |= here
    return members


def main() -> None:
    """Fill every marked place, write the files that are made of records, or say which is stale."""
    stale, tables = [], found("TABLES")
    for name, draw in found("FILES").items():
        file, drawn = ROOT / name, draw()
        if not file.exists() or file.read_text(encoding="utf-8") != drawn:
            stale.append(name)
            if "--check" not in sys.argv:
                file.write_text(drawn, encoding="utf-8")
    for file in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        text = file.read_text(encoding="utf-8")
        fresh = MARK.sub(lambda m: m.group(1) + tables[m.group("name")]() + m.group(3), text)
        if fresh != text:
            stale.append(str(file.relative_to(ROOT)))
            if "--check" not in sys.argv:
                file.write_text(fresh, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"stale tables in {', '.join(stale)}: run python -m scripts.tables")
    print(f"tables fresh; written: {', '.join(stale) or 'none'}")


if __name__ == "__main__":
    main()

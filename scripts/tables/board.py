"""The leaderboard as one page that asks nobody for anything: docs/board.html, to sort, to filter, and to look into."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from imveil import record, schemes
from imveil.lab.evidence import Result, results
from imveil.lab.standings import VIEWS, Row, front, rows, runs_of
from imveil.lab.tables import sums
from imveil.lab.tables.leaderboard import WORDS, loss, spread
from imveil.record import Record

HERE, PICTURES = Path(__file__).parent, Path(__file__).parents[2] / "docs" / "pictures" / "board"
PAGE = "docs/board.html"
HEAD = [
    "recipe",
    "data",
    "scheme",
    "key",
    "net",
    "epochs",
    "accuracy, %",
    "lost",
    "spread",
    "runs",
    "recovery, %",
    "by",
]
HEAD += ["picked, %", "dominated", "equal to"]
NUMBERS = {"epochs", "accuracy, %", "lost", "spread", "runs", "recovery, %", "picked, %"}
RUNS = ["seed", "accuracy, %", "95 % interval", "test pictures", "seconds", "commit", "date"]
ATTACKED = ["attacker has", "attack", "recovery", "95 % interval", "picked of 1,000", "keys", "targets", "pictures"]
STRIPS = ("picture", "cipher image", "what comes back")


def board() -> str:
    """The whole page."""
    found, private, games = rows(), sums.rows(), record.read("recovery")
    runs = {(group[-1].name, group[-1].facts["data"]): group for group in runs_of()}
    used = {_key(row): row for row in found}
    facts = {
        "runs": RUNS,
        "attacked": ATTACKED,
        "rows": [_facts(row, runs.get((row.recipe, row.data), [])) for row in found],
        "attacks": {key: _attacks(row, games) for key, row in used.items()},
        "pictures": {key: seen for key in used if (seen := _pictures(key))},
    }
    kinds = sorted({row.data for row in found} | {row.data for row in private})
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("board.css", "board.js"))
    parts = {
        "POLICY": f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
        "DATA": "".join(f"<option>{escape(name)}</option>" for name in kinds),
        "HEAD": _head(HEAD),
        "ROWS": "\n".join(_line(number, row, found) for number, row in enumerate(found)),
        "SUMS_HEAD": _head(sums.HEADER),
        "SUMS_ROWS": "\n".join(_sums_line(cells) for cells in sums.table(private)[1]),
        "FACTS": json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c"),
        "STYLE": style,
        "SCRIPT": script,
    }
    page = (HERE / "board.html").read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace(name, text, 1)
    return page


def _head(names: Sequence[str]) -> str:
    return "".join(f'<th scope="col"><button type="button">{name}</button></th>' for name in names)


def _sums_line(cells: Sequence[str]) -> str:
    some = [
        f"<td{' class=number' if name in ('accuracy, %', 'sd', 'draws') else ''}>{escape(cell)}</td>"
        for name, cell in zip(sums.HEADER, cells, strict=True)
    ]
    return f'<tr data-data="{escape(cells[0])}">{"".join(some)}</tr>'


def named(key: Mapping[str, Any] | str) -> str:
    """The name of the files that hold the pictures of a configuration."""
    return hashlib.sha256(str(key).encode()).hexdigest()[:12]


def _key(row: Row) -> str:
    return " ".join([row.scheme, *(f"{name}={value}" for name, value in row.fields.items())])


def _line(number: int, row: Row, found: Sequence[Row]) -> str:
    key = "an image" if row.key_scope == "image" else "the set"
    lost = loss(row, found)
    cells = [
        row.recipe,
        row.data,
        _key(row),
        f"{key}, asked with another" if row.wrong_key else key,
        f"{row.model}, {front(row.adapter)}" + (", mirrored" if row.mirror else ""),
        row.epochs,
        f"{row.accuracy or 0.0:.2f}",
        "" if lost is None else f"{lost:.2f}",
        spread(row),
        row.n,
        "" if row.recovery is None else f"{100 * row.recovery:.1f}",
        "" if row.view is None else WORDS[row.view],
        "" if row.identified is None else f"{100 * row.identified:.1f}",
        "yes" if row.dominated else "",
        row.equal,
    ]
    some = [
        f"<td{' class=number' if name in NUMBERS else ''}>{escape(str(cell))}</td>"
        for name, cell in zip(HEAD[1:], cells[1:], strict=True)
    ]
    who = f"{row.recipe}, by {row.by}" if row.by else row.recipe
    first = f'<td><button type="button" aria-expanded="false">{escape(who)}</button></td>'
    lost_row = ' class="lost"' if row.dominated else ""
    return f'<tr data-row="{number}" data-data="{escape(row.data)}"{lost_row}>{first}{"".join(some)}</tr>'


def _facts(row: Row, runs: Sequence[Record]) -> dict[str, Any]:
    recipe = {k: v for k, v in (runs[-1].facts if runs else {}).items() if k not in ("output", "valid") and v}
    lines = [
        [str(one.seed), f"{one.value:.2f}", f"{one.low:.2f} to {one.high:.2f}", f"{one.n:,}", f"{one.seconds:.0f}",
         one.commit, one.date]
        for one in runs
    ]  # fmt: skip
    return {"scheme": _key(row), "recipe": recipe or {"by": row.by, "kind": row.kind}, "runs": lines}


def _attacks(row: Row, games: Sequence[Record]) -> list[list[str]]:
    if row.scheme not in schemes.names():
        return []
    tried = results(schemes.known(row.scheme, **row.fields), games)
    found = []
    for view in (*VIEWS, "gallery"):
        mine = [one for one in tried if one.view == view]
        if mine:
            found.append(_attacked(max(mine, key=lambda one: (round(one.recovery, 3), one.identified, -one.amount))))
    return found


def _attacked(one: Result) -> list[str]:
    return [
        WORDS["gallery"] if one.view == "gallery" else one.words, one.attack, f"{one.recovery:.3f}",
        f"{one.low:.3f} to {one.high:.3f}", f"{one.identified:.1%}", str(one.keys), str(one.records[0].n),
        one.data,
    ]  # fmt: skip


def _pictures(key: str) -> dict[str, Any] | None:
    """Strips of pictures as scripts/pictures/board_pictures.py left them; None where there are none."""
    about = PICTURES / f"{named(key)}.txt"
    if not about.exists():
        return None
    strips = []
    for number, label in enumerate(STRIPS):
        image = base64.b64encode((PICTURES / f"{named(key)}-{number}.webp").read_bytes()).decode()
        strips.append([label, f"data:image/webp;base64,{image}"])
    return {"by": about.read_text(encoding="utf-8").strip(), "strips": strips}


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


FILES = {PAGE: board}

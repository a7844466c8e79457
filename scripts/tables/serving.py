"""The service on paper: records of benchmarks/serving.py as a table, and as the page's rows of cost."""

from __future__ import annotations

from scripts.tables._markdown import markdown
from scripts.tables.speed import machines

from imveil import record
from imveil.record import latest


def serving() -> str:
    """A line a measurement: cipher beside plain, and their ratio."""
    kept = list(record.read("serving"))
    rows = []
    for one in latest(kept):
        facts = one.facts
        beside = f"{facts['plain']:.3g} {one.unit}" if "plain" in facts else ""
        ratio = f"{facts['ratio']:.3f}" if "ratio" in facts else ""
        rows.append([facts["what"], f"{one.value:.3g} {one.unit}", beside, ratio, f"{one.n:,}"])
    header = ["what", "cipher", "plain pictures", "ratio", "n"]
    return markdown(header, rows) + ("\n" + machines(kept) if kept else "")


def costs() -> list[dict[str, str]]:
    """For the page: how long one answer takes, encryption included."""
    return [
        {
            "what": one.facts["what"],
            "time": f"{one.value:.3g} {one.unit}, {one.facts['plain']:.3g} {one.unit} without encryption",
            "proves": "nothing: it is measured",
            "source": f"imveil serve and ask over loopback, n={one.n:,}",
        }
        for one in latest(record.read("serving"))
        if one.facts.get("page")
    ]


TABLES = {"serving": serving}

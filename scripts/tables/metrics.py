"""Pages about metrics, in Markdown: what each is, how fast schemes are, how large key spaces, all from what is on
record."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scripts.tables._markdown import markdown

import imveil
from imveil import metrics, record
from imveil.lab.bench.keyspace import KeySpace, attack_on, best_attack
from imveil.metrics.base import Metric, Shape
from imveil.record import Record

TAKES = {
    "images": "Of cipher images, each by itself",
    "twins": "Of two cipher images that ought to look unrelated: one bit of the picture or of the key differs",
    "batch": "Of a set of cipher images",
    "pair": "Of a picture and a guess of it",
    "gallery": "Of a guess among candidates",
    "labels": "Of a guess and its label",
}
EXAMPLE: Shape = (32, 32, 3)


def metric_pages() -> str:
    """A section for each kind, a paragraph for each metric, from their descriptions."""
    parts = []
    for takes, title in TAKES.items():
        parts.append(f"### {title}\n")
        parts += [_paragraph(one) for one in map(metrics.find, metrics.names()) if one.takes == takes]
    return "\n".join(parts)


def _paragraph(metric: Metric) -> str:
    unit = f" ({metric.unit})" if metric.unit else ""
    lines = [f"**{metric.name}**{unit}. {metric.tells}", f"*Not shown:* {metric.not_shown}"]
    if metric.expected and metric.critical:
        low, high = metric.critical(EXAMPLE)
        ends = f"at least {low:.6g}" if math.isinf(high) else f"{low:.6g} to {high:.6g}"
        lines.append(
            f"*Random images of {_size(EXAMPLE)}:* mean {metric.expected(EXAMPLE):.6g}, 95 % of them {ends}."
            if low != high
            else f"*Random images of {_size(EXAMPLE)}:* {low:.6g}."
        )
    if metric.columns:
        lines.append(f"*Values:* {', '.join(metric.columns)}.")
    lines.append(f"*Source:* {metric.source}.")
    return "\n".join(lines) + "\n"


def efficiency() -> str:
    """One table a size: ms an image, MB/s, ratios, what the first image under a new key costs."""
    newest = list({one.name: one for one in record.read("efficiency")}.values())
    parts = []
    for side in sorted({one.facts["shape"][0] for one in newest}):
        rows = sorted((one for one in newest if one.facts["shape"][0] == side), key=lambda one: -one.facts["MB/s"])
        lines = [
            [
                one.name.rpartition(",")[0],
                f"{one.value:.3g}",
                f"{one.low:.3g} to {one.high:.3g}",
                f"{one.facts['MB/s']:,.0f}",
                f"{one.facts['times a copy']:.3g}",
                f"{one.facts['times AES-256-CTR']:.3g}",
                "" if one.facts["first, ms"] is None else f"{one.facts['first, ms']:.3g}",
            ]
            for one in rows
        ]
        head = ["what", "ms an image", "range", "MB/s", "times a copy", "times AES-CTR", "first image of a key, ms"]
        parts.append(f"{side}x{side}, {_where(rows)}\n\n{markdown(head, lines)}")
    return "\n".join(parts)


def key_spaces() -> str:
    """One line a scheme: all four numbers, the smallest, and the years that half of the keys take on one core."""
    newest = list({one.digest: one for one in record.read("key-space")}.values())
    attacks = record.read("recovery")
    lines = []
    for one in sorted(newest, key=lambda one: one.name):
        scheme = imveil.find(one.name, **one.facts["fields"])
        cost, words = attack_on(best_attack(scheme, attacks), one.value)
        space = KeySpace(one.facts["parameters, bits"], one.facts["seed, bits"], cost, words, one.value)
        lines.append(
            [
                one.name,
                f"{space.parameters:,.0f}",
                f"{space.seed:.0f}",
                "none on record succeeds" if cost is None else f"{cost:.0f} ({words})",
                f"{space.keys_per_second:,.0f}",
                f"{space.effective:.0f}",
                f"10^{space.years:.0f}" if space.years >= 1 else "less than 10",
            ]
        )
    head = [
        "scheme",
        "parameters, bits",
        "seed, bits",
        "best attack, bits",
        "keys a second",
        "effective, bits",
        "years",
    ]
    return f"{_where(newest)}\n\n{markdown(head, lines)}" if newest else ""


def streams() -> str:
    """One line a kind of sequence: how many p-values of SP 800-22 pass, and which tests are failed by most keys."""
    newest = list({one.name: one for one in record.read("sp800-22")}.values())
    lines = []
    for one in newest:
        keys = one.facts["keys"]
        failed = [name for name, passed in one.facts["passed"].items() if passed < keys / 2]
        every = len(failed) == len(one.facts["passed"])
        words = "all" if every else "; ".join(failed) or "none"
        lines.append([one.name, f"{one.value:.1f}", f"{one.low:.1f} to {one.high:.1f}", str(keys), words])
    return markdown(["sequence", "pass, %", "95 % interval", "keys", "tests that most keys fail"], lines)


def recognised() -> str:
    """What the public classifiers get wrong on plain pictures."""
    newest = {one.name: one for one in record.read("recognised")}.values()
    lines = [
        [f"ResNet-{one.facts['depth']}", f"{one.value:.2f}", f"{one.low:.2f} to {one.high:.2f}", f"{one.n:,}"]
        for one in newest
    ]
    return markdown(["net", "wrong, %", "95 % interval", "test images"], lines)


def _size(shape: Shape) -> str:
    return "x".join(map(str, shape))


def _where(rows: Sequence[Record]) -> str:
    """What the rows were measured with."""
    places = sorted({f"{one.machine['processor']}, imveil {one.commit}, {one.date}" for one in rows})
    return f"{'; '.join(places)}; median of {rows[-1].n} rounds" if rows else ""


TABLES = {
    "metrics": metric_pages,
    "efficiency": efficiency,
    "key-space": key_spaces,
    "recognised": recognised,
    "streams": streams,
}

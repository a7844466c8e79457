"""Write docs/attacks/: a page for each attack, from its docstring and the records; `--check` only says what is stale.

usage: python scripts/pages.py [--check]
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from statistics import fmean

from imveil.lab import record
from imveil.lab.attack import Attack, attacks, find_attack
from imveil.lab.record import Record
from imveil.lab.report.ladder import NOTE, ladder_table
from imveil.lab.trials import view_of

HOME = Path(__file__).parents[1] / "docs" / "attacks"
PICTURES = HOME.parent / "pictures"
NOT_MEASURED = "Not measured yet."
COLUMNS = (
    "scheme", "fields", "data", "given", "recovery", "sd", "95 % interval", "SSIM", "blind", "PSNR, dB",
    "picked", "control", "seeds", "targets", "seconds",
)  # fmt: skip


def page(attack: Attack, records: list[Record], puzzles: list[Record]) -> str:
    """One attack: what it does, what it needs, what it gave. puzzles: records of kind "assembly"."""
    text = inspect.cleandoc(sys.modules[type(attack).__module__].__doc__ or "").removeprefix(f"{attack.id}: ")
    text = text[0].upper() + text[1:]
    needs = ", ".join(sorted(attack.needs)) or "nothing beside the cipher images of the targets"
    parts = [
        f"# {attack.id}",
        text,
        f"Needs: {needs} (view `{view_of(attack.needs)}`). Source: {attack.paper}.",
        "## Measured",
        table(records) if records else NOT_MEASURED,
    ]
    if records:
        parts.append(
            "Recovery counts from the best blind guess (0) to the picture (1), by the SSIM of the better of picture "
            "and negative; its interval is over targets, of the first seed. `picked` is the share of targets found "
            "among the candidates of a gallery, `control` the same attack on noise. Medians for PSNR. "
            f"{measured(records)} Records: `records/recovery.jsonl`."
        )
    head, rows = ladder_table(attack.id, puzzles)
    if rows:
        lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
        parts += ["## The ladder", "\n".join(lines)]
        parts += [f"{NOTE} {measured(puzzles)} Records: `records/assembly.jsonl`."]
    if (PICTURES / f"{attack.id}.png").exists():
        parts.insert(3, f"![What {attack.id} makes of cipher images](../pictures/{attack.id}.png)")
    return "\n\n".join(parts) + "\n"


def measured(records: list[Record]) -> str:
    """Where, and with which commits."""
    machines = sorted({f"{r.machine['processor']}, {r.machine['cores']} cores" for r in records})
    return f"On {'; '.join(machines)}; commits {', '.join(sorted({r.commit for r in records}))}."


def table(records: list[Record]) -> str:
    """One line an experiment, over its seeds."""
    groups: dict[str, list[Record]] = {}
    for one in record.latest(records):
        groups.setdefault(one.digest, []).append(one)
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for runs in sorted(groups.values(), key=lambda g: (g[0].facts["scheme"] or "", fields(g[0]), given(g[0]))):
        runs.sort(key=lambda r: r.seed or 0)
        mean, spread, seeds = record.summary(runs)
        found = [r.facts["found"] for r in runs]
        decibels = [f["psnr"] for f in found]
        controls = [f["control"]["recovery"] for f in found if f.get("control")]
        cells = [
            f"`{runs[0].facts['scheme']}`",
            fields(runs[0]) or "default",
            str(runs[0].facts["data"]),
            given(runs[0]),
            f"{mean:.3f}",
            f"{spread:.3f}" if seeds > 1 else "",
            f"{runs[0].low:.3f} to {runs[0].high:.3f}",
            f"{fmean(f['ssim'] for f in found):.3f}",
            f"{fmean(f['blind'] for f in found):.3f}",
            "exact" if None in decibels else f"{fmean(decibels):.1f}",
            f"{fmean(f['identified'] for f in found):.1%} of {found[0]['gallery']:,}",
            f"{fmean(controls):.3f}" if controls else "",
            str(seeds),
            str(runs[0].n),
            f"{fmean(r.seconds for r in runs):.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def fields(one: Record) -> str:
    """The fields of the scheme that are not at their default."""
    import imveil

    if not one.facts["scheme"]:
        return ""
    usual = imveil.find(one.facts["scheme"]).config()
    return ", ".join(f"{k}={v}" for k, v in one.facts["fields"].items() if usual.get(k) != v)


def given(one: Record) -> str:
    """What the attacker was given, beside the targets."""
    terms, queries = one.facts["terms"], one.facts["found"].get("queries", 0)
    parts = [f"{terms[name]:,} {name}" for name in ("ciphers", "pairs") if terms.get(name)]
    return ", ".join(parts + ([f"{queries:,} queries"] if queries else [])) or "one cipher image"


def index(found: dict[str, Attack], records: list[Record]) -> str:
    """The list of all attacks."""
    lines = [
        "# Attacks",
        "Each is one file in `src/imveil/lab/attacks/`; the referee plays it, scores it, and plays it against noise as "
        "well. `imveil audit` plays all that fit.",
        "| attack | view | needs | source | records |\n|---|---|---|---|---|",
    ]
    for name, attack in found.items():
        count = sum(r.name == name for r in records)
        needs = ", ".join(sorted(attack.needs)) or "one cipher image"
        lines[-1] += f"\n| [{name}]({name}.md) | {view_of(attack.needs)} | {needs} | {attack.paper} | {count} |"
    return "\n\n".join(lines) + "\n"


def main() -> None:
    """Write what is stale, or say it."""
    records = record.read("recovery")
    found = {name: find_attack(name) for name in attacks()}
    puzzles = record.read("assembly")
    pages = {
        f"{name}.md": page(one, [r for r in records if r.name == name], [r for r in puzzles if r.name == name])
        for name, one in found.items()
    }
    pages["index.md"] = index(found, records)
    there = {file.name for file in HOME.glob("*.md")}
    stale = [name for name, text in pages.items() if name not in there or (HOME / name).read_text() != text]
    stale += sorted(there - pages.keys())
    if "--check" in sys.argv:
        if stale:
            sys.exit(f"stale pages in docs/attacks: {', '.join(stale)}: run python scripts/pages.py")
    else:
        HOME.mkdir(parents=True, exist_ok=True)
        for name in stale:
            if name in pages:
                (HOME / name).write_text(pages[name])
            else:
                (HOME / name).unlink()
    print(
        f"pages of attacks fresh; written: {', '.join(stale) or 'none'}" if "--check" not in sys.argv else "pages fresh"
    )


if __name__ == "__main__":
    main()

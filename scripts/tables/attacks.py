"""Write docs/attacks/: a page for each attack, from its docstring and the records; `--check` only says what is stale.

usage: python -m scripts.tables.attacks [--check]    the picture of the curve is drawn again where its page is stale

The index is written by hand but for its tables, which `python -m scripts.tables` fills like all others.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean

from scripts.records.campaigns import LADDERS
from scripts.records.published import PUBLISHED
from scripts.tables.curve import curve_table, draw
from scripts.tables.ladder import NOTE, ladder_table

import imveil
from imveil import attacks, record
from imveil.attacks.base import Attack
from imveil.lab.claims import Evidence
from imveil.lab.evidence import interval
from imveil.record import Record

HOME = Path(__file__).parents[2] / "docs" / "attacks"
PICTURES = HOME.parent / "pictures"
CURVE = PICTURES / "many-time-pad.png"
NOT_MEASURED = "Not measured yet."
COLUMNS = (
    "scheme", "fields", "data", "given", "recovery", "sd", "95 % interval", "SSIM", "blind", "PSNR, dB",
    "right sign", "picked", "control", "seeds", "targets", "seconds",
)  # fmt: skip


def page(attack: Attack, records: list[Record], puzzles: list[Record]) -> str:
    """One attack: what it does, what it needs, what it gave. puzzles: records of kind "assembly"."""
    text = attack.about()
    text = text[0].upper() + text[1:]
    needs = ", ".join(sorted(attack.needs)) or "nothing beside the cipher images of the targets"
    parts = [
        f"# {attack.id}",
        text,
        f"Needs: {needs} (view `{attack.view}`). Source: {attack.paper}.",
        example(attack),
        *(ladder(attack.id, records) if attack.id in LADDERS else []),
        *(curve() if attack.id == "many-time-pad" else []),
        *(puzzle_ladder(attack.id, puzzles) if puzzles else []),
        "## Measured",
        table(records) if records else NOT_MEASURED,
    ]
    if records:
        parts.append(
            "Recovery counts from the best blind guess (0) to the picture (1), by the SSIM of the better of picture "
            "and negative; its interval is the wider one of that over targets and that over keys, one a seed. `picked` "
            "is the share of targets found among the candidates of a gallery, `control` the same attack on noise. "
            "Medians for PSNR, of the better sign; `right sign` is the share of guesses that are nearer to the picture "
            "than to its negative. "
            f"{measured(records)} Records: `records/recovery.jsonl`."
        )
    return "\n\n".join(parts) + "\n"


def example(attack: Attack) -> str:
    """How to run it and how to play it, in Python. The page's test runs it, without the training."""
    given = {
        "ciphers": "ciphers=hidden[4:40]", "pairs": "pairs=(images[4:8], hidden[4:8])",
        "other_pairs": "other_pairs=(images[4:8].repeat(2, 1), encrypt(images[4:8].repeat(2, 1)))",
        "oracle": "oracle=attacks.Oracle(encrypt)", "public": "public=images[40:]", "gallery": "gallery=images[:20]",
        "simulate": "simulate=lambda images: scheme.encrypt(images, imveil.Key.generate()).images",
    }  # fmt: skip
    parts = ["targets=hidden[:4]", "shape=(16, 16, 3)", *(given[name] for name in sorted(attack.needs))]
    steps = ", steps=2" if attack.steps else ""
    view = ",\n    ".join(parts)
    return f"""## In Python

```python
import numpy as np

import imveil
from imveil import attacks

images = np.random.default_rng(0).integers(0, 256, (60, 16, 16, 3), np.uint8)
scheme, key = imveil.find("aes-xor/1"), imveil.Key.generate()


def encrypt(images):
    return scheme.encrypt(images, key).images


hidden = encrypt(images)
view = attacks.View(
    {view},
)
guess = attacks.find("{attack.id}").run(view{steps})
assert guess.images.shape == (4, 16, 16, 3)
```

With `imveil.audit.play(scheme, images, "{attack.id}")` the referee splits the pictures, scores the guess, and plays
against noise."""


def measured(records: list[Record]) -> str:
    """Where, and with which commits."""
    machines = sorted({f"{r.machine['processor']}, {r.machine['cores']} cores" for r in records})
    return f"On {'; '.join(machines)}; commits {', '.join(sorted({r.commit for r in records}))}."


def puzzle_ladder(name: str, puzzles: list[Record]) -> list[str]:
    """The rungs of a jigsaw, easiest first, also those that fail; above them what three of them look like."""
    head, rows = ladder_table(name, puzzles)
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    seen = f"![What {name} makes of cipher images](../pictures/{name}.png)"
    note = f"{NOTE} {measured(puzzles)} Records: `records/assembly.jsonl`."
    return ["## The puzzles", *([seen] if (PICTURES / f"{name}.png").exists() else []), "\n".join(lines), note]


def ladder(name: str, records: list[Record]) -> list[str]:
    """The rungs of a harder attack, easiest first, also those that fail."""
    lines = ["| rung | given | recovery | sd | 95 % interval | picked | n |", "|---|---|---|---|---|---|---|"]
    for rung in LADDERS[name]:
        runs = [one for one in record.latest(records) if rung.question.answered_by(one)]
        if not runs:
            continue
        mean, spread, seeds = record.summary(runs)
        picked = fmean(r.facts["found"]["identified"] for r in runs)
        low, high = interval(runs)
        lines.append(
            f"| {rung.words} (`{rung.question.scheme}`) | {given(runs)} | {mean:.3f} | "
            f"{f'{spread:.3f}' if seeds > 1 else ''} | {low:.3f} to {high:.3f} | {picked:.1%} | {seeds} x {runs[0].n} |"
        )
    words = "From the easiest case to the whole scheme; rungs that fail are listed like the others."
    return ["## The ladder", words, "\n".join(lines)] if len(lines) > 2 else []


def curve() -> list[str]:
    """Decibels against cipher images, with and without public pictures, as a picture and as a table."""
    header, rows = curve_table(record.read("recovery"))
    if not rows:
        return []
    lines = [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
    return [
        "## How many cipher images",
        "![PSNR of unseen pictures against the number of cipher images](../pictures/many-time-pad.png)",
        "\n".join(lines),
        "Of `logistic-xor/1` with its default fields, on CIFAR-10: medians over a hundred unseen pictures, means and "
        "standard deviations over seeds; every seed has a key and pictures of its own. The negative picture is an "
        "exact symmetry of any attack without a prior: how often the sign is right stands beside.",
    ]


def table(records: list[Record]) -> str:
    """One line an experiment, over its seeds."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for runs in sorted(
        record.runs(records), key=lambda g: (g[0].facts["scheme"] or "", fields(g[0]), g[0].facts["data"], amount(g[0]))
    ):
        runs.sort(key=lambda r: r.seed or 0)
        mean, spread, seeds = record.summary(runs)
        found = [r.facts["found"] for r in runs]
        controls = [f["control"]["recovery"] for f in found if f.get("control")]
        cells = [
            f"`{runs[0].facts['scheme']}`",
            fields(runs[0]) or "default",
            str(runs[0].facts["data"]),
            given(runs),
            f"{mean:.3f}",
            f"{spread:.3f}" if seeds > 1 else "",
            "{:.3f} to {:.3f}".format(*interval(runs)),
            f"{fmean(f['ssim'] for f in found):.3f}",
            f"{fmean(f['blind'] for f in found):.3f}",
            psnr([f["psnr"] for f in found]),
            f"{fmean(f['sign'] for f in found):.0%}" if all("sign" in f for f in found) else "",
            f"{fmean(f['identified'] for f in found):.1%} of {found[0]['gallery']:,}",
            f"{fmean(controls):.3f}" if controls else "",
            str(seeds),
            str(runs[0].n),
            f"{fmean(r.seconds for r in runs):.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def amount(one: Record) -> int:
    """How many images the attacker was given."""
    terms = one.facts["terms"]
    return int(terms.get("ciphers") or terms.get("pairs") or 0)


def psnr(decibels: list[float | None]) -> str:
    """The mean of medians; in words where more than half of the pictures were exact in some runs."""
    some = [one for one in decibels if one is not None]
    if len(some) == len(decibels):
        return f"{fmean(some):.1f}"
    return "exact" if not some else f"{fmean(some):.1f}, exact in {len(decibels) - len(some)} of {len(decibels)}"


def fields(one: Record) -> str:
    """The fields of the scheme that are not at their default."""
    if not one.facts["scheme"]:
        return ""
    scheme = imveil.find(one.facts["scheme"], **one.facts["fields"])
    return ", ".join(f"{name}={value}" for name, value in scheme.changed().items())


def given(runs: list[Record]) -> str:
    """What the attacker was given, beside the targets: images, public pictures, own keys, steps. Of queries he makes as
    many as he needs."""
    one, asked = runs[0], [run.facts["found"].get("queries", 0) for run in runs]
    terms = one.facts["terms"]
    words = {
        "ciphers": "ciphers",
        "pairs": "pairs",
        "other_pairs": "pairs of another size",
        "public": "public pictures",
    }
    parts = [f"{terms[name]:,} {word}" for name, word in words.items() if terms.get(name)]
    if most := max(asked):
        parts.append(f"{most:,} queries" if min(asked) == most else f"{min(asked):,} to {most:,} queries")
    if "simulate" in one.facts["needs"]:
        parts.append("encrypts under keys of his own")
    if one.facts["steps"]:
        parts.append(f"{one.facts['steps']:,} steps")
    return ", ".join(parts) or "one cipher image"


def attacks_table() -> str:
    """Every attack: what it needs, where it comes from, how many records it has."""
    records = record.read("recovery")
    lines = ["| attack | view | needs | source | records |", "|---|---|---|---|---|"]
    for name in attacks.names():
        one = attacks.find(name)
        count = sum(r.name == name for r in records)
        needs = ", ".join(sorted(one.needs)) or "one cipher image"
        lines.append(f"| [{name}]({name}.md) | {one.view} | {needs} | {one.paper} | {count} |")
    return "\n".join(lines) + "\n"


def published() -> str:
    """Published figures, ours, and which fell short."""
    evidence, word = Evidence(), {"held": "yes", "refuted": "**no**", "not measured": "not measured"}
    lines = ["| attack | against | published | source | ours | holds |", "|---|---|---|---|---|---|"]
    for one in PUBLISHED:
        ours = one.judge(evidence)
        cells = [
            f"[{one.attack}]({one.attack}.md)",
            one.against,
            one.figure,
            one.source,
            ours.words,
            word[ours.verdict],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        "Ours on CIFAR-10 test pictures unless another set is named: means over seeds, n = seeds x targets. Of the "
        "attacks in the literature, those that train a generative network against a critic (GAN, SIA-GAN) are not "
        "played here: published medians of SSIM under fresh keys are 0.66 on LE, 0.12 on PE, about 0.1 on ELE and EtC."
    )
    return "\n".join(lines) + f"\n\n{note}\n"


TABLES = {"attacks": attacks_table, "published": published}


def main() -> None:
    """Write what is stale, or say it."""
    records = record.read("recovery")
    found = {name: attacks.find(name) for name in attacks.names()}
    puzzles = record.read("assembly")
    pages = {
        f"{name}.md": page(one, [r for r in records if r.name == name], [r for r in puzzles if r.name == name])
        for name, one in found.items()
    }
    there = {file.name for file in HOME.glob("*.md")} - {"index.md"}
    stale = [name for name, text in pages.items() if name not in there or (HOME / name).read_text() != text]
    stale += sorted(there - pages.keys())
    if "--check" in sys.argv:
        if stale:
            sys.exit(f"stale pages in docs/attacks: {', '.join(stale)}: run python -m scripts.tables.attacks")
    else:
        HOME.mkdir(parents=True, exist_ok=True)
        for name in stale:
            if name in pages:
                (HOME / name).write_text(pages[name])
                if name == "many-time-pad.md":
                    draw(records, CURVE)
            else:
                (HOME / name).unlink()
    print(
        f"pages of attacks fresh; written: {', '.join(stale) or 'none'}" if "--check" not in sys.argv else "pages fresh"
    )


if __name__ == "__main__":
    main()

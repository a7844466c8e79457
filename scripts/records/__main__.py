"""Measure what the records lack, and append it: games for docs/attacks, puzzles, audits, roads.

usage: python -m scripts.records [CAMPAIGN ...] [--seeds N] [--budget SECONDS] [--only WORD] [--again];
all campaigns by default
"""

from __future__ import annotations

import argparse
import sys

from scripts.records.campaigns import CAMPAIGNS, ONCE

from imveil.lab.measurement import SEEDS, answers
from imveil.record import Record


def main() -> None:
    """Campaign after campaign; a line for every record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=", ".join(CAMPAIGNS))
    parser.add_argument("--seeds", type=int, help=f"{SEEDS} by default; 1 of {', '.join(sorted(ONCE))}")
    parser.add_argument("--budget", type=float, default=float("inf"), help="of each campaign, in seconds")
    parser.add_argument("--only", default="", help="what is described with this word")
    parser.add_argument("--again", action="store_true", help="measure what the records hold too, as after a change")
    asked = parser.parse_args()
    unknown = set(asked.campaigns) - set(CAMPAIGNS)
    if unknown:
        sys.exit(f"no campaign is called {', '.join(sorted(unknown))}; there are {', '.join(CAMPAIGNS)}")
    for name in asked.campaigns or CAMPAIGNS:
        ladders = [[one for one in ladder if asked.only in str(one)] for ladder in CAMPAIGNS[name]()]
        seeds = asked.seeds or (1 if name in ONCE else SEEDS)
        for one in answers(filter(None, ladders), seeds=seeds, budget=asked.budget, again=asked.again):
            print(f"{one.value:.3f} {told(one)}, seed {one.seed}, {one.seconds:.2f} s", flush=True)


def told(one: Record) -> str:
    """What a record is of, in a line."""
    facts, found = one.facts, one.facts.get("found", {})
    if one.kind != "recovery":
        return found.get("verdict", f"{one.kind} of {one.name}")
    return (
        f"{one.name} on {facts['scheme']} {facts['fields']} {facts['data']} {facts['terms']}: {found['psnr']} dB, "
        f"sign {found['sign']:.2f}, picked {found['identified']:.1%}, on noise {found['control']['recovery']:.3f}"
    )


if __name__ == "__main__":
    main()

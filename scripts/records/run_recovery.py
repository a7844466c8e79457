"""Play the games behind docs/attacks and append what the records lack: recovery, against every scheme.

usage: python -m scripts.records.run_recovery [CAMPAIGN ...] [--seeds N] [--budget SECONDS]; all campaigns by default
"""

from __future__ import annotations

import argparse
import sys

from scripts.records.campaigns import CAMPAIGNS

from imveil.lab.questions import SEEDS, answers
from imveil.record import Record


def main() -> None:
    """Campaign after campaign; a line for every record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=", ".join(CAMPAIGNS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--budget", type=float, default=float("inf"))
    asked = parser.parse_args()
    unknown = set(asked.campaigns) - set(CAMPAIGNS)
    if unknown:
        sys.exit(f"no campaign is called {', '.join(sorted(unknown))}; there are {', '.join(CAMPAIGNS)}")
    for name in asked.campaigns or CAMPAIGNS:
        for one in answers(CAMPAIGNS[name](), seeds=asked.seeds, budget=asked.budget):
            print(f"{one.value:.3f} {told(one)}, seed {one.seed}, {one.seconds:.2f} s", flush=True)


def told(one: Record) -> str:
    """What a record is of, in a line."""
    facts, found = one.facts, one.facts.get("found")
    if found is None:
        return f"{one.kind} of {one.name}"
    return (
        f"{one.name} on {facts['scheme']} {facts['fields']} {facts['data']} {facts['terms']}: {found['psnr']} dB, "
        f"sign {found['sign']:.2f}, picked {found['identified']:.1%}, on noise {found['control']['recovery']:.3f}"
    )


if __name__ == "__main__":
    main()

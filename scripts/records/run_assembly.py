"""Climb the ladder of puzzles on the Kodak photographs: a record of kind "assembly" for each rung that has none.

usage: python -m scripts.records.run_assembly [--limit SECONDS] [--only WORD]; a rung is begun only while there is time
"""

from __future__ import annotations

import argparse
import sys
import time

from scripts.records.puzzles import measured, rungs

from imveil import record
from imveil.owner.picture import read_picture
from imveil.system import data_folder


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=3600.0)
    parser.add_argument("--only", default="", help="rungs whose description holds this word")
    asked = parser.parse_args()
    place = data_folder()
    files = sorted((place / "kodak").glob("*.png")) if place else []
    if not files:
        sys.exit("no photographs: set IMVEIL_DATA to a folder that holds kodak/")
    photographs = [read_picture(file).pixels for file in files]
    have = {one.digest for one in record.read("assembly")}
    end = time.monotonic() + asked.limit
    for rung in rungs():
        if rung.digest not in have and asked.only in str(rung) and time.monotonic() < end:
            one = measured(rung, photographs)
            record.append(one)
            print(f"{rung}: {one.value:.3f} ({one.low:.3f} to {one.high:.3f}), {one.seconds} s", flush=True)


if __name__ == "__main__":
    main()

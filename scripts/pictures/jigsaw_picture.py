"""Draw docs/pictures/jigsaw.png and jigsaw-grey.png: a photograph, its cipher image, and what the attack makes of it.

usage: python -m scripts.pictures.jigsaw_picture    needs kodak/ in the folder that IMVEIL_DATA names
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.records.puzzles import STEPS, Rung, climbed, middle, scrambled

from imveil.audit.report.sheet import Row, sheet
from imveil.owner.picture import read_picture
from imveil.system import data_folder

HOME = Path(__file__).parents[2] / "docs" / "pictures"
PHOTOGRAPH = 22  # the parrots, the 23rd
SEED = 22  # of its key, as in the records
ROWS = {
    "jigsaw": [
        ("blocks of 32 moved", Rung("etc/1", 32, STEPS[:1])),
        ("the whole of EtC, blocks of 16", Rung("etc/1", 16, STEPS, (256, 384))),
        ("the whole of EtC, blocks of 8", Rung("etc/1", 8, STEPS, (128, 192))),
        ("8x8 shuffled inside, moved", Rung("patch/1", 8, ("inside", "shuffle"), (256, 384))),
    ],
    "jigsaw-grey": [
        ("grey EtC, blocks of 32", Rung("etc-grey/1", 32, STEPS[:4])),
        ("grey EtC, blocks of 16", Rung("etc-grey/1", 16, STEPS[:4], (256, 384))),
    ],
}


def main() -> None:
    """Each row: plain, cipher, assembled."""
    place = data_folder()
    files = sorted((place / "kodak").glob("*.png")) if place else []
    if not files:
        sys.exit("no photographs: set IMVEIL_DATA to a folder that holds kodak/")
    for name, rows in ROWS.items():
        drawn = []
        for words, rung in rows:
            picture = middle(read_picture(files[PHOTOGRAPH]).pixels, rung.size)
            found, guess = climbed(rung, picture, SEED)
            note = f"{found.neighbour:.0%} of neighbours right"
            drawn.append(Row(words, [picture, scrambled(rung, picture, SEED)[0], guess], note))
        out = HOME / f"{name}.png"
        sheet(drawn, cell=200).quantize(96).save(out, optimize=True)
        print(f"{out.name}: {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

"""Draw docs/pictures/board/: of each configuration on the leaderboard a few pictures, their cipher images, what comes
back by the best attack on record. Needs the photographs that IMVEIL_DATA names.

usage: python -m scripts.pictures.board_pictures
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image
from scripts.tables.board import PICTURES, named

from imveil import attacks, record, schemes
from imveil.attacks.look import shades
from imveil.audit.game.referee import game
from imveil.audit.game.split import Terms
from imveil.lab import samples
from imveil.lab.evidence import results
from imveil.lab.standings import best, rows

SHOWN, SIDE = 6, 32
TERMS = Terms(targets=SHOWN, ciphers=300, pairs=16, public=300, gallery=300)


def main() -> None:
    """One configuration after the other; those that are there are left."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    games, pictures = record.read("recovery"), _small(samples.pictures_of("kodak tiles of 64"))
    for row in rows():
        key = " ".join([row.scheme, *(f"{name}={value}" for name, value in row.fields.items())])
        about = PICTURES / f"{named(key)}.txt"
        if about.exists() or row.scheme not in schemes.names():
            continue
        scheme = schemes.known(row.scheme, **row.fields)
        won = best(results(scheme, games))
        attack = attacks.find("look" if won is None else won.attack)
        played = game(scheme, pictures, attack, terms=TERMS, seed=3, steps=min(attack.steps, 60), against_noise=False)
        strips = played.split.targets, played.view.targets, played.guess.images
        for number, images in enumerate(strips):
            _strip(images).save(PICTURES / f"{named(key)}-{number}.webp", quality=60, method=6)
        about.write_text(f"{attack.id}, {TERMS.targets} photographs of 32x32 that it never saw\n")
        print(key, attack.id, f"{played.score.recovery:.3f}", flush=True)


def _small(images: Any) -> Any:
    n, h, w, c = images.shape
    parts = images.reshape(n, SIDE, h // SIDE, SIDE, w // SIDE, c).mean(axis=(2, 4))
    return parts.round().astype(np.uint8)


def _strip(images: Any) -> Image.Image:
    seen = shades(images)
    gap = np.full((len(seen), seen.shape[1], 2, seen.shape[3]), 255, np.uint8)
    line = np.concatenate([np.concatenate([a, b], axis=1) for a, b in zip(seen, gap, strict=True)], axis=1)
    return Image.fromarray(line if line.shape[2] == 3 else np.repeat(line[..., :1], 3, axis=2))


if __name__ == "__main__":
    main()

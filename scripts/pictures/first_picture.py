"""Draw docs/attacker.png, the first picture of the README: what the cloud sees, and what two attackers make of it.

usage: python -m scripts.pictures.first_picture
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import imveil
from imveil import attacks
from imveil.attacks.base import View
from imveil.audit.game.challenger import key_of
from imveil.audit.report.sheet import Row, sheet
from imveil.owner.datasets.cifar import load

OUT = Path(__file__).parents[2] / "docs" / "attacker.png"


def main() -> None:
    """Eight test pictures of CIFAR-10 under the seed's scheme."""
    pictures = load("cifar10")["test"][0]
    scheme, some = imveil.find("logistic-xor/1"), pictures[:8]
    cipher = scheme.encrypt(pictures[:109], key_of(0, "first picture")).images
    view = View(cipher[:8], some.shape[1:], scheme.id, scheme.config())
    one = replace(view, pairs=(pictures[8:9], cipher[8:9]))
    hundred = replace(view, ciphers=cipher[9:])
    rows = [
        Row("plain", some, "what the owner has"),
        Row("logistic-xor/1", cipher[:8], "what the cloud sees"),
        Row("attacker", attacks.find("known-plan").run(one, np.random.default_rng(0), 0).images, "one known picture"),
        Row(
            "attacker",
            attacks.find("many-time-pad").run(hundred, np.random.default_rng(0), 0).images,
            "100 cipher images, nothing known",
        ),
    ]
    sheet(rows, cell=80).quantize(128).save(OUT, optimize=True)
    print(f"{OUT.name}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

"""Write golden vectors for schemes and fields that have none yet: vectors/<scheme-id>/<scenario>.json.

usage: python scripts/make_vectors.py

Tests read these files and never write them. A file that is there is never written again: other bytes need another id.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import imveil  # noqa: E402
from variants import label, pictures, shape_for, variants  # noqa: E402

KEY = hashlib.sha256(b"imveil golden vectors").digest()


def main() -> None:
    """Add what is missing and say what was added."""
    for scheme in variants():
        folder = ROOT / "vectors" / scheme.id.replace("/", "-")
        scenario = label(scheme).removeprefix(scheme.id.replace("/", "-")).strip("-") or "default"
        file = folder / f"{scenario}.json"
        if file.exists():
            continue
        h, w, c = shape_for(scheme, 1, 1)
        shape = (3, h * -(-32 // h), w * -(-48 // w), c)
        ids = [f"train/a/{i}.png" for i in range(shape[0])]
        name = f"imveil {label(scheme)}"
        cipher = scheme.encrypt(pictures(name, shape), imveil.Key(KEY), ids)
        little = np.ascontiguousarray(cipher.images).astype(cipher.images.dtype.newbyteorder("<"))
        folder.mkdir(parents=True, exist_ok=True)
        vector = {
            "scheme": scheme.id,
            "fields": scheme.config(),
            "key": KEY.hex(),
            "pictures": name,
            "shape": shape,
            "ids": ids,
            "nonces": [n.hex() for n in cipher.nonces or []],
            "dtype": str(cipher.images.dtype),
            "first": little.reshape(-1)[:32].tobytes().hex(),
            "sha256": hashlib.sha256(little.tobytes()).hexdigest(),
        }
        file.write_text(json.dumps(vector, indent=1) + "\n")
        print(f"added {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

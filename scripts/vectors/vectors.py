"""Write golden vectors that are not there yet: of schemes, vectors/<scheme-id>/<scenario>.json, of chaotic orbits,
vectors/orbits/<map>.json, and of compressed pictures, vectors/hybrid/<scenario>.json.

usage: python -m scripts.vectors.vectors

Tests read these files and never write them. A file that is there is never written again: other bytes need another id.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from itertools import islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "helpers")]

import imveil  # noqa: E402
from imveil.schemes.chaos.orbit import QUANTISERS  # noqa: E402
from imveil.schemes.hybrid.crt import MODULI  # noqa: E402
from imveil.schemes.hybrid.format import CODERS, compress  # noqa: E402
from reference import henon_xor, lattice_xor, logistic_xor, skew_tent_xor  # noqa: E402
from reference.chaotic import byte  # noqa: E402
from variants import label, pictures, shape_for, variants  # noqa: E402

KEY = hashlib.sha256(b"imveil golden vectors").digest()
STARTS = {  # by map: the reference's orbit, and the starts
    "logistic": (logistic_xor.orbit, [(0.1, 4.0), (0.123456789, 3.99995), (0.7, 3.7), (2.0**-54, 3.9999)]),
    "skew-tent": (skew_tent_xor.orbit, [(0.1, 0.3), (0.123456789, 0.4321), (0.7, 0.6), (2.0**-54, 0.25)]),
    "henon": (henon_xor.orbit, [(0.0, 0.0), (0.123456789, -0.0987654321), (-1.0, 0.1)]),
    "lattice": (
        lattice_xor.orbit,
        [([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.85, 0.95], 4.0), ([0.5] * 6 + [0.25, 0.1], 3.99995)],
    ),
}
STEPS = 1_000_000


def main() -> None:
    """Add what is missing and say what was added."""
    orbits()
    streams()
    ciphers()


def orbits() -> None:
    """Known answers of the maps, from the slow references and nothing else: numbers as hexadecimal floats."""
    for name, (orbit, starts) in STARTS.items():
        file = ROOT / "vectors" / "orbits" / f"{name}.json"
        if file.exists():
            continue
        cases = []
        for start in starts:
            numbers = list(islice(orbit(*start), STEPS))
            sequences = {q: bytes(byte(x, q) for x in numbers) for q in QUANTISERS}
            cases.append(
                {
                    "start": [[x.hex() for x in part] if isinstance(part, list) else part.hex() for part in start],
                    "first": [x.hex() for x in numbers[:9]],
                    "last": numbers[-1].hex(),
                    "numbers": STEPS,
                    "sha256": sha(struct.pack(f"<{STEPS}d", *numbers)),
                    "bytes": {q: {"first": s[:16].hex(), "sha256": sha(s)} for q, s in sequences.items()},
                }
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(cases, indent=1) + "\n")
        print(f"added {file.relative_to(ROOT)}")


def streams() -> None:
    """One compressed picture for each k and coder: what later versions must still expand."""
    for k, coder in [*((k, "none") for k in MODULI), *((2, coder) for coder in CODERS if coder != "none")]:
        file = ROOT / "vectors" / "hybrid" / f"k={k}-{coder}.json"
        if file.exists():
            continue
        name, shape = "imveil hybrid", (7, 9, 3)
        data = compress(pictures(name, shape), imveil.Key(KEY), k=k, coder=coder)
        vector = {"key": KEY.hex(), "pictures": name, "shape": shape, "k": k, "coder": coder, "file": data.hex()}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(vector, indent=1) + "\n")
        print(f"added {file.relative_to(ROOT)}")


def sha(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def ciphers() -> None:
    """Golden bytes of every scheme and field."""
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
            "sha256": sha(little.tobytes()),
        }
        file.write_text(json.dumps(vector, indent=1) + "\n")
        print(f"added {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""How large encrypted, compressed pictures are beside PNG and lossless WebP of the plain picture, on Kodak's 24.

usage: IMVEIL_DATA=... python benchmarks/compression.py [--record]

Shares of the plain samples, mean over pictures. The merging and the coder are told apart, and `histogram` is what an
ideal coder reaches that knows how often each sample value comes and nothing else. --record appends the numbers to
records/compression.jsonl.
"""

from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from PIL import Image

import imveil
from imveil import record
from imveil.audit.game.challenger import key_of
from imveil.schemes.hybrid.crt import MODULI, merged_size
from imveil.schemes.hybrid.format import CODERS, HEADER, compress_parts, expand

CODED = [coder for coder in CODERS if coder != "none"]


def main() -> None:
    """Measure and print a line for each way."""
    folder = Path(os.environ.get("IMVEIL_DATA", "")) / "kodak"
    files = sorted(folder.glob("*.png"))
    if not files:
        print(f"IMVEIL_DATA names no folder with kodak/*.png ({folder}): nothing to measure")
        return
    shares: dict[str, list[float]] = {}
    begin = time.perf_counter()
    for file in files:
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
        for name, share in measure(picture, np.asarray(picture), key_of(0, "compression")).items():
            shares.setdefault(name, []).append(share)
        print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    for name, values in shares.items():
        print(f"{name:24} {fmean(values):8.4f} ± {stdev(values):.4f}   {min(values):.4f} to {max(values):.4f}")
        if "--record" in sys.argv:
            record.append(made(name, values, time.perf_counter() - begin))


def measure(picture: Any, pixels: Any, key: imveil.Key) -> dict[str, float]:
    """The length of one picture in each way, as a share of its samples."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    share = counts[counts > 0] / pixels.size
    found = {
        "PNG": length(picture, "PNG", optimize=True),
        "WebP lossless": length(picture, "WEBP", lossless=True, quality=100, method=6),
        "histogram": float(-(share * np.log2(share)).sum()) / 8 * pixels.size,
    }
    for k in MODULI:
        found[f"k={k} merged"] = merged_size(pixels.size, k) + HEADER.size
    for coder in CODED:
        data, parts = compress_parts(pixels, key, coder=coder)
        found[f"k=2 {coder}"] = parts.file
    assert (expand(data, key) == pixels).all()  # of the last coder; the tests expand all of them
    return {name: size / pixels.size for name, size in found.items()}


def length(picture: Any, kind: str, **options: Any) -> int:
    """Bytes of a file of that kind."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.tell()


def made(name: str, values: list[float], seconds: float) -> record.Record:
    """The mean over pictures with their range."""
    return record.measured(
        kind="compression",
        name=name,
        digest=record.digest_of(f"compression of kodak: {name}"),
        facts={"pictures": "kodak", "sd": stdev(values)},
        value=fmean(values),
        unit="share of the samples",
        n=len(values),
        low=min(values),
        high=max(values),
        seconds=round(seconds, 1),
    )


if __name__ == "__main__":
    main()

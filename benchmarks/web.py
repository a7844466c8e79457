"""How long a browser takes to encrypt a picture, and how large the package is: Node, Chromium and Firefox if here.

usage: python benchmarks/web.py [--record] [ENGINE ...]      node, chromium, firefox, webkit; all unless named

A colour picture of 224x224: with the plan cached, and under a fresh key each time; and opening a wrapped key file.
Median, fastest and slowest of the rounds, by the clock, in Node by the processor. Needs Node and `npm ci` in web/.
--record appends the numbers to records/web.jsonl.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from imveil import record

WEB = Path(__file__).parents[1] / "web"
PAGE = Path(__file__).parents[1] / "src" / "imveil" / "cloud" / "serve" / "page"
SIDE, ROUNDS = 224, 11


def main() -> None:
    """Measure and print a line for each scheme and engine."""
    if not (WEB / "node_modules").is_dir():
        print("the packages of web/ are missing (npm ci in web/): nothing to measure")
        return
    for file in sorted(PAGE.glob("*.js")):
        size = len(gzip.compress(file.read_bytes(), 9))
        keep(file.name, {"what": "size", "of": file.name}, [size], "bytes, gzip")
    begin = time.perf_counter()
    for engine, found in measured().items():
        for scheme, times in found["schemes"].items():
            for plan, values in times.items():
                facts = {"what": "encrypt", "engine": engine, "scheme": scheme, "plan": plan, "side": SIDE}
                facts |= {"clock": "processor"} if engine.startswith("Node") else {}
                keep(f"{scheme} {plan}", facts, values, "ms", time.perf_counter() - begin)
        for kdf, values in found["opening"].items():
            facts = {"what": "open a wrapped key", "engine": engine, "kdf": kdf}
            facts |= {"clock": "processor"} if engine.startswith("Node") else {}
            keep(kdf, facts, values, "ms")


def measured() -> dict[str, Any]:
    """What `web/test/measure.ts` gives: engine -> schemes and opening -> sorted milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        script = WEB / "node_modules" / ".measure.mjs"  # beside the packages that it takes
        bundle = ["test/measure.ts", "--bundle", "--platform=node", "--format=esm", "--packages=external"]
        run(["npx", "--no-install", "esbuild", *bundle, f"--outfile={script}", "--log-level=error"])
        run(["node", "build.mjs", folder])
        engines = [word for word in sys.argv[1:] if not word.startswith("--")]
        found: dict[str, Any] = json.loads(run(["node", str(script), str(SIDE), str(ROUNDS), folder, *engines]))
        return found


def run(command: list[str]) -> str:
    """What a command in web/ prints."""
    return subprocess.run(command, cwd=WEB, check=True, stdout=subprocess.PIPE, text=True).stdout


def keep(name: str, facts: dict[str, Any], values: list[float], unit: str, seconds: float = 0.0) -> None:
    """Print a number, and record it where that is asked for."""
    middle = values[len(values) // 2]
    print(f"{facts.get('engine', ''):14} {name:40} {middle:10.1f} {unit}   {values[0]:.1f} to {values[-1]:.1f}")
    if "--record" in sys.argv:
        numbers: dict[str, Any] = {"value": middle, "low": values[0], "high": values[-1], "n": len(values)}
        digest = record.digest_of({"kind": "web", **facts})
        one = record.measured(kind="web", name=name, digest=digest, facts=facts, unit=unit, seconds=seconds, **numbers)
        record.append(one)


if __name__ == "__main__":
    main()

"""Build sdist and wheel into dist/, look at what is in the wheel, and use it where there is no checkout.

usage: python -m scripts.dist [--build]    --build leaves out the installation

The wheel is installed in an empty environment in a temporary folder, with a home of its own. There keygen, encrypt,
verify, decrypt, schemes, leaderboard, claims and audit run, and write nothing into the installed package, nor into the
home but where caches and data go.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
LIMIT = 3_000_000  # bytes of a wheel; 1.5 MB of them are the two public projections of the private path
MAKE_PICTURES = """
import numpy as np
from pathlib import Path
from PIL import Image
rng = np.random.default_rng(0)
for split, count in (("train", 24), ("test", 6)):
    for name, level in (("cat", 60), ("dog", 190)):
        home = Path("pictures", split, name)
        home.mkdir(parents=True)
        for i in range(count):
            pixels = rng.normal(level, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(home / f"{i:03d}.png")
"""
COMMANDS = (
    "keygen owner.key",
    "encrypt pictures ciphers --key owner.key --scheme logistic-xor/1",
    "verify ciphers --key owner.key",
    "decrypt ciphers back --key owner.key",
    "schemes",
    "leaderboard",
    "claims",
    "audit ciphers --budget 10s --json audit.json",
)
HOME_FOLDERS = {".cache", ".local", ".config"}


def build(target: Path) -> Path:
    """The wheel, made by way of the sdist as a user's installer would."""
    shutil.rmtree(target, ignore_errors=True)
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(ROOT)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    (wheel,) = target.glob("*.whl")
    return wheel


def faults(wheel: Path) -> list[str]:
    """What is wrong with a wheel: too large, records in it, no bill of materials, no compact file."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    wanted = (
        "imveil/py.typed",
        "imveil/records.json",
        ".dist-info/sboms/imveil.cdx.json",
        ".dist-info/licenses/LICENSE",
    )
    found = [f"{word} is missing" for word in wanted if not any(name.endswith(word) for name in names)]
    found += [f"{name} does not belong in a wheel" for name in names if not name.startswith(("imveil/", "imveil-"))]
    found += [f"{name} does not belong in a wheel" for name in names if name.endswith((".jsonl", ".key", ".pyc"))]
    if wheel.stat().st_size > LIMIT:
        found.append(f"{wheel.stat().st_size:,} bytes, at most {LIMIT:,} are wanted")
    return found


def use(wheel: Path, room: Path) -> None:
    """Install the wheel in an empty environment and run what a user runs first; nothing of the checkout is in reach."""
    home = room / "home"
    home.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMVEIL", "XDG", "VIRTUAL"))} | {
        "HOME": str(home)
    }
    python = room / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(room / "venv")], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True, env=os.environ | {"PYTHONPATH": ""}
    )
    work = room / "work"
    work.mkdir()
    subprocess.run([str(python), "-c", MAKE_PICTURES], check=True, env=env, cwd=work)
    (package,) = (room / "venv" / "lib").glob("python*/site-packages/imveil")
    before = listing(package)
    for line in COMMANDS:
        done = subprocess.run(
            [str(python.parent / "imveil"), *line.split()], env=env, cwd=work, capture_output=True, text=True
        )
        if done.returncode or "Traceback" in done.stderr:
            sys.exit(f"imveil {line} failed outside the checkout with {done.returncode}:\n{done.stdout}{done.stderr}")
        print(f"$ imveil {line}: {(done.stdout.strip() or done.stderr.strip()).splitlines()[-1][:90]}", flush=True)
    written = listing(package) - before
    odd = {one.name for one in home.iterdir()} - HOME_FOLDERS
    if written or odd:
        sys.exit(f"written where it may not be: {', '.join(sorted(map(str, written | odd)))}")


def listing(package: Path) -> set[str]:
    """Every file of the installed package but what Python compiles."""
    return {
        str(file.relative_to(package))
        for file in package.rglob("*")
        if "__pycache__" not in file.parts and file.is_file()
    }


def main() -> None:
    """Build, look, use."""
    wheel = build(DIST)
    if wrong := faults(wheel):
        sys.exit(f"{wheel.name}: {'; '.join(wrong)}")
    print(
        f"dist: {', '.join(f'{one.name} {one.stat().st_size:,} bytes' for one in sorted(DIST.iterdir()))}", flush=True
    )
    if "--build" not in sys.argv:
        with tempfile.TemporaryDirectory() as room:
            use(wheel, Path(room))
        print("dist: installed and used outside the checkout")


if __name__ == "__main__":
    main()

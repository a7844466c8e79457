"""`make page`: the page, served with the models that `make demo` left and one that answers under any visitor's key.

That one is of negpos/1 with a key per image, and trained for two minutes where it is not there yet. Its data set and
its key lie in demo/page/, it lies in demo/models/. Ctrl-C ends the server.

usage: python scripts/page.py [--port N]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from imveil.owner import load_dataset
from imveil.store.png import encode

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "demo"
MODEL, KEY, CIPHERS = HERE / "models" / "images.safetensors", HERE / "page" / "owner.key", HERE / "page" / "ciphers"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
PLAIN, IMAGES = HERE / "page" / "plain", {"train": 10_000, "test": 1_000}
BUDGET = os.environ.get("IMVEIL_PAGE_BUDGET", "2m")


def imveil_command(*words: str) -> None:
    """Run the command line as a user would, and show it."""
    print("$ imveil " + " ".join(words), flush=True)
    done = subprocess.run([sys.executable, "-m", "imveil", *words], cwd=ROOT)
    if done.returncode:
        sys.exit(done.returncode)


def named(path: Path) -> str:
    """As a user would type it."""
    return str(path.relative_to(ROOT))


def some_pictures() -> Path:
    """A part of CIFAR-10 as a folder of pictures: encrypting all of it would take longer than training."""
    for split, count in IMAGES.items():
        images, labels = load_dataset("cifar10")[split]
        for number in range(count):
            file = PLAIN / split / CLASSES[int(labels[number])] / f"{number:05}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encode(images[number]))
    return PLAIN


def train() -> None:
    """The model that answers under any key, where it is not there yet."""
    if MODEL.exists():
        return
    for folder in (KEY.parent, MODEL.parent):
        folder.mkdir(parents=True, exist_ok=True)
    if not KEY.exists():
        imveil_command("keygen", named(KEY))
    scheme = ("--scheme", "negpos/1", "--set", "per_image=true")
    imveil_command("encrypt", named(some_pictures()), named(CIPHERS), "--key", named(KEY), *scheme)
    imveil_command("train", named(CIPHERS), named(MODEL), "--budget", BUDGET)


def main() -> None:
    """Train what is missing, then serve."""
    train()
    models = [MODEL, *(file for file in sorted(MODEL.parent.glob("*.safetensors")) if file != MODEL)]
    words = ["serve", *map(named, models), "--page", *sys.argv[1:]]
    print("$ imveil " + " ".join(words), flush=True)
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "imveil", *words])  # in its place: Ctrl-C is for the server


if __name__ == "__main__":
    main()

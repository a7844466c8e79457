"""The store works where keys, cipher and owner do not exist: the cloud gets no code that could hold a key."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from small_set import write_set

SOURCE = Path(__file__).parents[2] / "src" / "imveil"

USE = """
import sys, importlib, pkgutil
import imveil, imveil.store
assert imveil.__file__.startswith(sys.argv[1]), imveil.__file__
for room in ("keys", "plans", "schemes", "owner", "attacks", "audit", "metrics", "lab"):
    try:
        importlib.import_module("imveil." + room)
    except ModuleNotFoundError:
        continue
    raise SystemExit(room + " is still there")
for module in pkgutil.walk_packages(imveil.store.__path__, "imveil.store."):
    importlib.import_module(module.name)
from imveil.store.sets import open_set, read_image
found = open_set(sys.argv[2])
found.verify()
loaded = found.load("train")
assert loaded.images.shape == (3, 4, 4, 3) and loaded.labels.tolist() == [0, 1, 0]
assert read_image(sys.argv[2] + "/" + loaded.names[0])[1].scheme == "plain/1"
heavy = {"torch", "numba", "cryptography", "typer"} & set(sys.modules)
assert not heavy, heavy
print("works")
"""


def test_the_store_without_keys_cipher_and_owner(tmp_path: Path) -> None:
    rooms = shutil.ignore_patterns(
        "keys", "plans", "schemes", "owner", "attacks", "audit", "metrics", "lab", "cloud", "cli", "__pycache__"
    )
    shutil.copytree(SOURCE, tmp_path / "imveil", ignore=rooms)
    data = write_set(tmp_path / "set")
    # -S would hide the installed libraries too; the path given first wins over the installed imveil.
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{USE}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(data)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout == "works\n", done.stderr

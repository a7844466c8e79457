"""Verdicts: what `imveil audit` says of encryptors and folders whose secret is known to us, and what it should say.

Every audit is a command of its own, as a user would run it, so that its seconds and its memory are those of the whole
process, report and all. How busy the machine was stands beside them.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image, ImageDraw

import imveil
from imveil.audit.game.challenger import key_of
from imveil.errors import BadInput
from imveil.lab import samples
from imveil.lab.measurement import Measurement
from imveil.owner.encryption import encrypt_set
from imveil.record import Record

ROOT = Path(__file__).parents[2]
BUDGET = 60.0
COLOUR, FLAT, LARGE, HUGE = "cifar10 test", "flat scans", "pneumoniamnist at 224", "pneumoniamnist at 512"
_OPEN, _PARTLY = ("open",), ("partly open",)
_GREEN = ("nothing found", "not enough was tried")  # the latter where a core was not played
_BUSY = 1.5  # processes that run or wait for each core, from which on a machine counts as loaded


@dataclass(frozen=True)
class Judged(Measurement):
    """The verdict on a stranger's encryptor, or on a folder that it wrote.

    Attributes
    ----------
    stranger
        Of `scripts.records.strangers`.
    right
        The levels that are right.
    weakest
        The attacker that is to be named, where the issue is who needs least; "" where any is.
    folder
        Whether the audit sees a folder of cipher images and nothing else.
    """

    stranger: str
    right: tuple[str, ...]
    data: str = COLOUR
    count: int = 400
    weakest: str = ""
    folder: bool = False
    budget: float = BUDGET
    kind: ClassVar[str] = "verdicts"

    def facts(self) -> dict[str, Any]:
        """All of it but what is right, which the records need not believe."""
        return {"stranger": self.stranger, "data": self.data, "pictures": self.count, "folder": self.folder,
                "budget": self.budget}  # fmt: skip

    @property
    def seconds(self) -> float:
        """About its budget."""
        return self.budget

    @cached_property
    def _words(self) -> str:
        return f"{'a folder by ' if self.folder else ''}{self.stranger}"

    def measure(self, seed: int) -> Record:
        """1 where the verdict is right, 0 where not; pictures and key are those of the seed."""
        pictures = _pictures(self.data, self.count, seed)
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            if self.folder:
                os.environ["STRANGER_SEED"] = str(seed)
                if self.stranger in PACKED:
                    _packed(place, PACKED[self.stranger], pictures, seed)
                else:
                    _write(place / "ciphers", _encrypted(self.stranger, pictures, seed))
                asked = [str(place / "ciphers")]
            else:
                np.savez(place / "plain.npz", images=pictures)
                asked = [
                    "--encryptor",
                    f"scripts.records.strangers:{self.stranger}",
                    "--data",
                    str(place / "plain.npz"),
                ]
            load, began = os.getloadavg()[0], time.monotonic()
            errors = place / "errors.txt"
            with errors.open("wb") as heard:
                said = subprocess.Popen(
                    [sys.executable, "-m", "imveil", "audit", *asked, "--budget", f"{self.budget:g}",
                     "--json", str(place / "found.json"), "--out", str(place / "report.html")],
                    cwd=ROOT, env=os.environ | {"STRANGER_SEED": str(seed)}, stdout=subprocess.DEVNULL, stderr=heard,
                )  # fmt: skip
                most = _most_memory(said)
            code, took = said.returncode, time.monotonic() - began
            words = errors.read_text(encoding="utf-8")
            if not (place / "found.json").exists():
                raise BadInput(f"the audit of {self._words} ended with {code}: {words.strip()[-300:]}")
            found = json.loads((place / "found.json").read_text(encoding="utf-8"))
        told = found["told"] or {}
        rung = next((step["rung"] for step in found["ladder"] if step["level"] == found["level"]), "")
        right = found["level"] in self.right and self.weakest in ("", rung)
        facts = {
            "level": found["level"],
            "verdict": found["verdict"],
            "weakest": rung,
            "told": told.get("attack", ""),
            "looks": found["looks"],
            "picked": max((one["identified"] for one in found["findings"]), default=0.0),
            "leaks": [one["name"] for one in found["leaks"]],
            "unplayed": found["unplayed"],
            "memory": most,
            "load": round(load, 1),
            "loaded": load > _BUSY * (os.cpu_count() or 1),
        }
        return self.measured(self.stranger, seed, {"found": facts}, value=float(right), unit="whether it is right",
                             n=len(pictures), low=float(right), high=float(right), seconds=round(took, 1))  # fmt: skip

    def __str__(self) -> str:
        return f"verdict on {self._words}, {self.count} of {self.data}, {self.budget:g} s"


def _most_memory(process: subprocess.Popen[bytes]) -> float:
    """GiB that it held at most, once it has ended. What wait4 says counts the memory of this process too, of which each
    new one is a copy for a moment."""
    most, status = 0, Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        with contextlib.suppress(OSError, StopIteration):
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            most = max(most, int(line.split()[1]))
        time.sleep(0.2)
    return round(most / 2**20, 3)


def _encrypted(name: str, pictures: Any, seed: int) -> Any:
    from scripts.records import strangers

    strangers.SEED = seed
    return getattr(strangers, name)(pictures)


def _pictures(data: str, count: int, seed: int) -> Any:
    rng = np.random.default_rng([seed, 12])
    if data == FLAT:
        return np.stack([_flat(rng) for _ in range(count)])
    if data not in (LARGE, HUGE):
        return samples.drawn(data, count, seed, 13)
    small, side = samples.drawn("pneumoniamnist", count, seed, 13), int(data.rpartition(" ")[2])
    large = [np.asarray(Image.fromarray(one[..., 0]).resize((side, side), Image.Resampling.BICUBIC)) for one in small]
    noise = rng.normal(0, 2, (count, side, side)).round()  # of a detector: without it neighbours are too alike
    return (np.stack(large) + noise).clip(0, 255).astype(np.uint8)[..., None]


def _flat(rng: np.random.Generator) -> Any:
    """A scan (64, 64, 1): black around, with flat organs."""
    image = Image.new("L", (64, 64), 0)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(2, 5)):
        x, y, w, h = (int(n) for n in rng.integers((0, 0, 10, 10), (40, 40, 30, 30)))
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + w, y + h), fill=int(rng.integers(60, 255)))
    return np.asarray(image)[..., None]


def _write(place: Path, images: Any) -> None:
    place.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image if image.shape[2] == 3 else image[..., 0]).save(place / f"{number:04}.png")


def _packed(place: Path, scheme: str, pictures: Any, seed: int) -> None:
    """A cipher data set as its owner writes it, since no PNG holds such images."""
    np.savez(place / "plain.npz", images=pictures, labels=np.arange(len(pictures)) % 2)
    encrypt_set(place / "plain.npz", place / "ciphers", imveil.find(scheme), key_of(seed, "stranger"), workers=1)
    (place / "plain.npz").unlink()


_SEEN = "cipher images"
PACKED = {"ffx": "ffx/1", "orthogonal": "orthogonal/1"}  # written by a command that knows the scheme, not by strangers
VERDICTS = [
    Judged("identity", _OPEN, weakest=_SEEN),
    Judged("jpeg", _OPEN, weakest=_SEEN),
    Judged("quarter", ("open", "partly open"), weakest=_SEEN),
    Judged("xor", _OPEN, weakest=_SEEN),
    Judged("ctr_one_nonce", _OPEN, weakest=_SEEN),
    *(Judged(name, _OPEN) for name in ("pixels", "blocks", "shf", "np_block", "le", "etc", "patch")),
    Judged("ecb", ("recognisable", "nothing found")),
    Judged("ecb", _PARTLY, data=FLAT),
    Judged("negpos_each", ("open", "partly open")),  # unfold gives back half of it and more, by a little
    Judged("ctr", _GREEN),
    Judged("constant", ("no verdict",)),
    *(Judged(name, _OPEN, folder=True) for name in ("identity", "xor", "shf", "np_block", "le", "etc", "patch")),
    *(Judged(name, _OPEN, folder=True) for name in ("ele", "etc_inplace", "etc_grey", "cpe_iib", "pixel_shuffle")),
    *(Judged(name, _OPEN, folder=True) for name in ("negpos_one", *PACKED)),
    Judged("ecb", _PARTLY, data=FLAT, folder=True),
    Judged("ctr", _GREEN, folder=True),
    Judged("xor", _OPEN, data=LARGE, count=500, weakest=_SEEN),
    Judged("ecb", ("recognisable", "nothing found"), data=LARGE, count=500),
    Judged("ctr", _GREEN, data=LARGE, count=500),
    Judged("xor", _OPEN, data=HUGE, count=200, weakest=_SEEN),
    Judged("ctr", _GREEN, data=HUGE, count=200),
]

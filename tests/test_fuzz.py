"""Mutated pictures of all formats through the commands: no crash, no hang, no half file, every one accounted for."""

from __future__ import annotations

import io
import json
import random
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forms import write_dicom
from imveil import Key
from imveil.errors import BadImage
from imveil.keys.files import write_key
from imveil.owner.images import read_picture
from imveil.owner.sources.dicom import read_dicom
from imveil.store.sets import open_set
from made_source import tree
from variants import pictures

SECONDS = 0.5  # for one picture at most, on average, on the slowest of machines
MEMORY = 8 << 30
RGB, GREY = pictures("fuzz", (19, 23, 3)), pictures("fuzz grey", (19, 23))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def seeds(root: Path) -> dict[str, bytes]:
    """Whole pictures: every format in the variants that take other paths through decoders."""
    colour, grey, clear = Image.fromarray(RGB), Image.fromarray(GREY), Image.fromarray(pictures("clear", (19, 23, 4)))
    wide = Image.fromarray(GREY.astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    found = {
        "a.png": saved(colour, "PNG"), "b.png": saved(colour.quantize(16), "PNG"), "c.png": saved(wide, "PNG"),
        "d.png": saved(clear, "PNG", exif=exif), "e.png": saved(grey.convert("1"), "PNG"),
        "a.jpg": saved(colour, "JPEG", exif=exif), "b.jpg": saved(colour, "JPEG", progressive=True),
        "c.jpg": saved(grey, "JPEG", quality=20), "d.jpg": saved(colour.convert("CMYK"), "JPEG"),
        "a.webp": saved(colour, "WEBP"), "b.webp": saved(clear, "WEBP", lossless=True),
        "a.tif": saved(colour, "TIFF"), "b.tif": saved(colour, "TIFF", compression="tiff_lzw"),
        "c.tif": saved(wide, "TIFF"), "d.tif": saved(colour, "TIFF", compression="jpeg"),
        "e.tif": saved(grey, "TIFF", compression="tiff_adobe_deflate"),
        "a.bmp": saved(colour, "BMP"), "b.bmp": saved(grey, "BMP"), "a.gif": saved(grey, "GIF"),
    }  # fmt: skip
    try:
        for name, image in (("a.dcm", RGB), ("b.dcm", np.asarray(wide, np.uint16)[:, :, None])):
            write_dicom(root / name, image, WindowCenter="100", WindowWidth="50")
            found[name] = (root / name).read_bytes()
    except ImportError:
        pass
    return found


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """One to three changes: bytes, bits, extreme numbers, a part cut out, doubled, moved or taken from another file."""
    body = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at, length = rng.randrange(len(body)), rng.randint(1, 40)
        kind = rng.randrange(8)
        if kind == 0:
            body[at] = rng.randrange(256)
        elif kind == 1:
            body[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            body[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"])
        elif kind == 3:
            del body[at : at + length]
        elif kind == 4:
            body[at:at] = body[at : at + length]
        elif kind == 5:
            body[at:at] = rng.randbytes(length)
        elif kind == 6:
            body = body[: max(at, 1)]
        else:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            body[at : at + length] = other[start : start + length]
        body = body or bytearray(b"\0")
    return bytes(body)


def fuzz(root: Path, count: int, rng: random.Random) -> tuple[int, int]:
    """Encrypt and decrypt `count` mutated files. (how many could still be read, how many were refused)"""
    whole = seeds(root)
    names, others = sorted(whole), list(whole.values())
    for number in range(count):
        stem, _, ending = names[number % len(names)].partition(".")
        folder = root / ("scans" if ending == "dcm" else "pictures")
        folder.mkdir(exist_ok=True)
        (folder / f"{number:05}-{stem}.{ending}").write_bytes(mutated(whole[f"{stem}.{ending}"], others, rng))
    write_key(root / "my.key", Key(b"k" * 32))
    good = 0
    for source in ("pictures", "scans"):
        if not (root / source).exists():
            continue
        files = sorted((root / source).iterdir())
        ciphers, back = f"{source}-c", f"{source}-p"
        line = ["encrypt", source, ciphers, "--key", "my.key", "--scheme", "negpos/1", "--keep-names"]
        err = run(root, line, len(files))
        manifest = open_set(root / ciphers).manifest
        told = [json.loads(text) for text in (root / ciphers / "rejected.jsonl").read_text().splitlines()]
        assert manifest.rejected == len(told) > 0
        assert manifest.count + len(told) == len(files), err
        assert {Path(row["name"]).name for row in told} < {file.name for file in files}
        assert all(row["reason"] and "\n" not in row["reason"] for row in told)
        run(root, ["decrypt", ciphers, back, "--key", "my.key"], len(files), code=0)
        for made in (ciphers, back):
            assert not [path for path in tree(root / made) if path.endswith((".part", ".sealed"))]
        # What was not refused came through as reading it gives it, and is there whole.
        refused = {row["name"] for row in told}
        for file in files:
            try:
                want = read_dicom(file) if source == "scans" else read_picture(file)
            except BadImage:
                assert file.name in refused
                continue
            if file.name not in refused:
                assert read_picture(root / back / f"{file.stem}.png").pixels.tobytes() == want.pixels.tobytes()
                good += 1
    return good, count - good


def run(root: Path, line: list[str], count: int, code: int = 1) -> str:
    """The command as a process of its own, which may not take for ever, nor all memory."""
    done = subprocess.run(
        [sys.executable, "-m", "imveil", *line, "--workers", "1"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60 + SECONDS * count,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode == code, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    return done.stderr


def told(capfd: pytest.CaptureFixture[str], found: tuple[int, int], seed: int) -> None:
    with capfd.disabled():
        print(f"\n{sum(found)} mutated pictures: {found[0]} were read, {found[1]} refused (seed {seed})", flush=True)


def test_two_hundred_mutations(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = fuzz(tmp_path, 200, random.Random(1))
    told(capfd, found, 1)
    assert min(found) > 20


@pytest.mark.soak
def test_two_thousand_mutations(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seed = random.randrange(1 << 32)
    told(capfd, fuzz(tmp_path, 2000, random.Random(seed)), seed)

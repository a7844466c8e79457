"""Mutated pictures of all formats, and mutated files of many pictures, through the commands: no crash, no hang, no half
file, every one accounted for. Of a count, three fifths are pictures."""

from __future__ import annotations

import io
import json
import random
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imveil
from asked import MEMORY, Asked
from forms import table, write_dicom
from imveil import Key, registry
from imveil.errors import BadImage, ImveilError
from imveil.keys.files import write_key
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.owner.picture import read_picture
from imveil.owner.sources import Source, open_source
from imveil.owner.sources.dicom import read_dicom
from imveil.owner.verification import verify_set
from imveil.store.containers import base
from imveil.store.sets import images_in, open_set
from made_source import made, tree
from mutants import forms, mutated
from variants import pictures

SECONDS = 0.5  # for one picture at most, on average, on the slowest of machines
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
        for place in (ciphers, back):
            assert not [path for path in tree(root / place) if path.endswith((".part", ".sealed"))]
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


def fuzz_containers(root: Path, count: int, rng: random.Random) -> Counter[str]:
    """Encrypt and decrypt `count` mutated files of many pictures. How many were read whole, in part, or refused."""
    kinds = forms()
    others = [data for form in kinds for data in form.members.values()]
    write_key(root / "my.key", Key(b"k" * 32))
    place, found = table(root, "csv"), Counter[str]()
    with Asked(root) as asked:
        for number in range(count):
            form = kinds[number % len(kinds)]
            file = place / f"{number:05}-{form.name}"
            file.write_bytes(form.mutant(others, rng))
            found[sent(asked, root, file)] += 1
    return found


def sent(asked: Asked, root: Path, file: Path) -> str:
    """What came of one file of many: "whole", "part" or "refused"."""
    ciphers, back = root / f"{file.name}-c", root / f"{file.name}-p"
    words = ["encrypt", str(file), str(ciphers), "--key", "my.key", "--scheme", "negpos/1", "--workers", "1"]
    code, err = asked(*words)
    assert code in (0, 1, 2), f"{file}: {err}"
    assert all(line.startswith("imveil: ") for line in err.splitlines()), f"{file}: {err}"
    if code == 2:
        assert not ciphers.exists() or not tree(ciphers), f"{file}: {err}"
        return "refused"
    manifest, source = open_set(ciphers).manifest, open_source(file)
    assert manifest.count + manifest.rejected == len(source), f"{file}: {err}"
    assert (code == 1) == (manifest.rejected > 0), f"{file}: {err}"
    assert (ciphers / "rejected.jsonl").exists() == (code == 1)
    code_back, err = asked("decrypt", str(ciphers), str(back), "--key", "my.key", "--workers", "1")
    assert code_back == 0, f"{file}: {err}"
    assert Counter(read_picture(made).pixels.tobytes() for made in back.rglob("*.png")) == readable(source), file
    return "part" if code else "whole"


def readable(source: Source) -> Counter[bytes]:
    """The pixels of every picture that can be read."""
    found = Counter[bytes]()
    for i in range(len(source)):
        try:
            found[source.read(i).pixels.tobytes()] += 1
        except ImveilError:
            continue
    return found


def campaign(root: Path, count: int, seed: int, capfd: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(seed)
    for name in ("one", "many"):
        (root / name).mkdir()
    pictures = fuzz(root / "one", count * 3 // 5, rng)
    files = fuzz_containers(root / "many", count - sum(pictures), rng)
    words = f"{pictures[0]} were read, {pictures[1]} refused"
    more = ", ".join(f"{files[kind]} {kind}" for kind in ("whole", "part", "refused"))
    with capfd.disabled():
        print(f"\n{sum(pictures)} mutated pictures: {words}; {files.total()} files of many: {more} (seed {seed})")
    assert sum(pictures) + files.total() == count
    assert min(*pictures, *files.values()) > count // 50


def test_two_hundred_mutations(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    campaign(tmp_path, 200, 1, capfd)


def mutate_ciphers(root: Path, count: int, rng: random.Random) -> Counter[str]:
    """Change files of cipher data sets in every container, JPEGs too: each change is named, no other picture is lost.

    How many files could still be opened without the key, and how many were refused.
    """
    key, scheme, found = Key(b"k" * 32), imveil.find("etc/1", block=16), Counter[str]()
    names = list(registry.files(base.PACKAGE))
    for name in names:
        encrypt_set(made(6, shape=(16, 16, 3)), root / name, scheme, key, container=name, workers=1)
        decrypt_set(root / name, root / f"{name}-want", key, workers=1)
    want = {name: tree(root / f"{name}-want") for name in names}
    files = {name: [p for p in sorted((root / name).rglob("*")) if p.is_file() and p.stem[:6] != "imveil"] or
             sorted((root / name).glob("imveil-shard-*")) for name in names}  # fmt: skip
    others = [file.read_bytes() for of in files.values() for file in of]
    for number in range(count):
        name = names[number % len(names)]
        file = rng.choice(files[name])
        whole = file.read_bytes()
        changed = mutated(whole, others, rng)
        file.write_bytes(changed)
        try:
            opened = [image for _, image in images_in(changed, file.name)]
            found["refused" if any(isinstance(one, BadImage) for one in opened) else "opened"] += 1
        except BadImage:
            found["refused"] += 1
        report = decrypt_set(root / name, root / f"{number}-p", key, workers=1)
        assert report.images + len(report.rejected) == 6, file
        same = changed == whole
        assert bool(verify_set(root / name, key).wrong) is not same, file
        # A picture that its own check proves is taken from an altered file; another never is.
        assert not (same and report.rejected), file
        assert report.images >= 5 or name not in ("folder", "jpeg"), file
        assert name != "jpeg" or bool(report.rejected) is not same, file
        back = tree(root / f"{number}-p")
        assert name == "jpeg" or back.items() <= want[name].items(), file
        file.write_bytes(whole)
    return found


def test_mutated_cipher_files(tmp_path: Path) -> None:
    assert mutate_ciphers(tmp_path, 60, random.Random(3)).total() == 60


@pytest.mark.soak
def test_two_thousand_mutated_cipher_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seed = random.randrange(1 << 32)
    found = mutate_ciphers(tmp_path, 2000, random.Random(seed))
    with capfd.disabled():
        print(f"\n{found.total()} mutated cipher files: {dict(found)} (seed {seed})")
    assert found.total() == 2000


@pytest.mark.soak
def test_two_thousand_mutations(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    campaign(tmp_path, 2000, random.randrange(1 << 32), capfd)

"""What Python gives for random cases, for `python.test.ts` to compare with: python python.py SEED FOLDER NAMES.

NAMES is a JSON file that names golden vectors: their schemes and fields are taken. Writes FOLDER/cases.json: ciphers of
random keys, shapes and ids, cipher PNGs, key files, pictures of many kinds as imveil reads them, and prepared ones.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imveil
from imveil.errors import ImveilError
from imveil.keys.files import plain
from imveil.owner.picture import Picture, read_picture, to16
from imveil.owner.sources.prepared import Preparation
from imveil.store.png import encode
from imveil.store.tag import Tag

RNG = np.random.default_rng()


def b64(data: bytes) -> str:
    """Text for JSON."""
    return base64.b64encode(data).decode()


def noise(*shape: int) -> Any:
    """Random samples."""
    return RNG.integers(0, 256, shape, np.uint8)


def scene(h: int, w: int) -> Any:
    """A smooth picture with edges and a little noise, as decoders of JPEG meet them."""
    y, x = np.mgrid[0:h, 0:w]
    waves = [np.sin(x / RNG.uniform(2, 30) + y / RNG.uniform(2, 30)) for _ in range(3)]
    flat = 128 + 100 * np.stack(waves, axis=2) + 80 * ((x * y // 9) % 7 == 0)[..., None] + RNG.normal(0, 6, (h, w, 3))
    return flat.clip(0, 255).astype(np.uint8)


def words(n: int) -> str:
    """A random id with letters of all kinds."""
    return "".join(chr(int(RNG.choice([97, 122, 47, 46, 0xE9, 0x4E2D, 0x1F600, 0xDC80, 0xDCFF]))) for _ in range(n))


def cipher(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """One batch under a random key."""
    scheme = imveil.find(name, **fields)
    traits, key = scheme.traits, imveil.Key.generate()
    pad = bool(RNG.integers(2))
    sides = [
        int(RNG.integers(1, 40)) if pad else traits.tile * int(RNG.integers(1, max(2, 40 // traits.tile))) for _ in "hw"
    ]
    channels = int(RNG.choice(traits.channels or (1, 2, 3, 4)))
    images = noise(int(RNG.integers(1, 4)), *sides, channels)
    ids = [f"{i}{words(int(RNG.integers(0, 9)))}" for i in range(len(images))]
    made = scheme.encrypt(images, key, ids, pad=pad)
    pixels = np.ascontiguousarray(made.images)
    tag = Tag(name, scheme.config(), key.fingerprint, made.nonces[0] if made.nonces else None, made.size)
    return {
        "scheme": name, "fields": fields, "key": key.reveal().hex(), "fingerprint": key.fingerprint, "pad": pad,
        "shape": images.shape, "plain": b64(images.tobytes()),
        "ids": [[ord(letter) for letter in one] for one in ids],  # half letters are no JSON for JavaScript
        "cipher": b64(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()), "cipher_shape": pixels.shape,
        "nonces": [nonce.hex() for nonce in made.nonces or []], "size": made.size,
        "png": b64(encode(pixels[0], tag)) if pixels.dtype == np.uint8 else None, "file": plain(key),
    }  # fmt: skip


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The file that Pillow writes."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def files() -> list[tuple[str, bytes]]:
    """Pictures of every kind that is read here, and of some that are not."""
    h, w = int(RNG.integers(3, 50)), int(RNG.integers(3, 50))
    rgb, rgba = Image.fromarray(scene(h, w)), Image.fromarray(noise(h, w, 4))
    grey, two = rgb.convert("L"), Image.fromarray(noise(h, w, 2), "LA")
    few = rgb.quantize(int(RNG.integers(2, 17)))
    turns = [Image.Exif() for _ in range(8)]
    for orientation, turn in enumerate(turns, 1):
        turn[0x0112] = orientation
    turn = turns[int(RNG.integers(8))]
    found = [
        ("png rgb", saved(rgb, "PNG")), ("png rgba", saved(rgba, "PNG")), ("png grey", saved(grey, "PNG")),
        ("png grey and alpha", saved(two, "PNG")), ("png two levels", saved(grey.convert("1"), "PNG")),
        ("png palette", saved(rgb.quantize(200), "PNG")), ("png few colours", saved(few, "PNG")),
        ("png clear palette", saved(few, "PNG", transparency=bytes(RNG.integers(0, 256, 2, np.uint8)))),
        ("png one clear colour", saved(few, "PNG", transparency=1)),
        ("png clear colour", saved(rgb, "PNG", transparency=rgb.getpixel((1, 1)))),
        ("png clear grey", saved(grey, "PNG", transparency=grey.getpixel((1, 1)))),
        ("png 16 grey", saved(Image.fromarray(RNG.integers(0, 65536, (h, w), np.uint16)), "PNG")),
        ("png 16 rgb", encode(RNG.integers(0, 65536, (h, w, 3), np.uint16))),
        ("png 16 rgba", encode(RNG.integers(0, 65536, (h, w, 4), np.uint16))),
        *((f"png turned {i}", saved(rgb, "PNG", exif=turn)) for i, turn in enumerate(turns, 1)),
        ("png and more", saved(rgb, "PNG") + b"more"),
        ("webp", saved(rgb, "WEBP")), ("gif", saved(rgb, "GIF")), ("bmp", saved(rgb, "BMP")), ("nothing", b""),
        ("text", b"no picture at all"), ("png cut", saved(rgb, "PNG")[:-20]),
    ]  # fmt: skip
    for subsampling in (0, 1, 2):
        quality = int(RNG.integers(20, 100))
        for options in ({}, {"progressive": True}, {"optimize": True, "exif": turn}):
            name = f"jpeg {subsampling} {' '.join(options)}".strip()
            found.append((name, saved(rgb, "JPEG", quality=quality, subsampling=subsampling, **options)))
    found += [
        ("jpeg grey", saved(grey, "JPEG", quality=70)), ("jpeg rgb", saved(rgb, "JPEG", keep_rgb=True)),
        ("jpeg restarts", saved(rgb, "JPEG", restart_marker_blocks=2)),
        ("jpeg cmyk", saved(rgb.convert("CMYK"), "JPEG")),
        ("jpeg profile", saved(rgb, "JPEG", icc_profile=b"\0" * 200, comment=b"hello")),
        ("jpeg cut", saved(rgb, "JPEG")[:-9]),
    ]  # fmt: skip
    return found


def picture(name: str, data: bytes) -> dict[str, Any]:
    """What imveil reads in a file."""
    try:
        pixels, depth = read_picture(data)
    except ImveilError as error:
        return {"name": name, "file": b64(data), "error": str(error)}
    return {"name": name, "file": b64(data), "pixels": b64(pixels.tobytes()), "shape": pixels.shape, "depth": depth}


def prepared(channels: int, depth: int) -> dict[str, Any]:
    """A picture made fit in a random way."""
    h, w = int(RNG.integers(2, 60)), int(RNG.integers(2, 60))
    pixels = noise(h, w * (depth // 8), channels)
    sizes = {name: str(int(RNG.integers(1, 70))) for name in ("resize", "pad", "crop") if RNG.integers(2)}
    if RNG.integers(3):  # Pillow shrinks rows or columns first, as the sizes are
        sizes["resize"] = f"{int(RNG.integers(1, h + 9))}x{int(RNG.integers(1, w + 9))}"
    case = {"sizes": sizes, "depth": depth, "file": b64(encode(to16(pixels) if depth == 16 else pixels))}
    try:
        preparation = Preparation.of(**sizes)
        made = preparation(Picture(pixels, depth)) if preparation else Picture(pixels, depth)
    except ImveilError as error:
        return case | {"error": str(error)}
    return case | {"pixels": b64(made.pixels.tobytes()), "shape": made.pixels.shape}


def main(seed: int, folder: Path, names: list[str]) -> None:
    """All cases of one seed."""
    global RNG
    RNG = np.random.default_rng(seed)
    vectors = [json.loads(Path(name).read_text()) for name in names]
    cases = {
        "ciphers": [cipher(vector["scheme"], vector["fields"]) for vector in vectors],
        "pictures": [picture(name, data) for name, data in files()],
        "prepared": [prepared(channels, depth) for channels in (1, 2, 3, 4) for depth in (8, 16) for _ in range(12)],
    }
    (folder / "cases.json").write_text(json.dumps(cases))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text()))

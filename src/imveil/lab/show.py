"""One picture under many schemes: what each makes of it, its histogram, and how large the files are."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imveil.audit.report.sheet import data_url, page, picture
from imveil.errors import BadDtype, BadShape
from imveil.keys.key import Key
from imveil.lab.bench.jpeg import survival
from imveil.schemes.base import Scheme
from imveil.store import png
from imveil.store.containers import npz
from imveil.store.tag import Tag

QUALITY = 90
_BOX = 320  # pixels: width and height that a picture is fitted into
_BINS = 64
_BARS = 60  # pixels: height of a histogram
_COLOURS = {1: [(70, 70, 70)], 3: [(205, 55, 50), (40, 145, 75), (50, 95, 215)]}
STYLE = """<style>
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1.5rem; }
body { max-width: 100rem; }
.tiles figure { margin: 0; } .tiles figcaption { font-size: .85rem; line-height: 1.4; }
.tiles img { display: block; background: #8883; } .tiles b { font-size: 1.1rem; }
</style>"""


@dataclass(frozen=True)
class Shown:
    """What one scheme makes of a picture. image: (h, w, c) uint8 to look at, scaled where the cipher has other numbers;
    counts: (channels, bins) of the cipher's own values; lines: what is said below it."""

    label: str
    image: Any
    counts: Any
    lines: list[str]


def shown(scheme: Scheme, image: Any, key: Key, id: str) -> Shown:
    """Encrypt one picture (h, w, c) uint8 and measure it.

    Parameters
    ----------
    id
        Its name, for schemes with a key an image.

    Raises
    ------
    BadShape
    BadDtype
        Where the scheme does not take it.
    """
    cipher = scheme.encrypt(image[None], key, [id], pad=True)
    made = cipher.images[0]
    tag = Tag(scheme.id, scheme.config(), key.fingerprint, cipher.nonces[0] if cipher.nonces else None, cipher.size)
    eight = made.dtype == np.uint8
    low, high = (0.0, 256.0) if eight else (float(made.min()), float(made.max()) + 1e-6)
    bins = np.linspace(low, high, _BINS + 1)
    counts = np.array([np.histogram(made[..., k], bins)[0] for k in range(made.shape[2])])
    lines = ["a key for each picture" if scheme.traits.per_image else "one key for a data set"]
    if eight:
        lines.append(f"PNG {_size(len(png.encode(made, tag)))}, deflated {_size(_deflated(made))}")
    else:
        lines.append(f"{made.dtype}, {low:.0f} to {high:.0f}, shown scaled")
        lines.append(f"npz {_size(len(npz.pack([(id, made, tag)])))}")
    if scheme.traits.survives_jpeg and image.shape[2] in (1, 3) and cipher.size is None:
        found = survival(scheme, key, image, QUALITY, "4:4:4")
        lines.append(f"JPEG, quality {QUALITY}: {_size(found.size_after)}, decrypted {found.after:.1f} dB")
    return Shown(str(scheme), visible(made), counts, lines)


def all_shown(schemes: Sequence[Scheme], image: Any, key: Key, id: str) -> tuple[list[Shown], list[str]]:
    """Each scheme's, and in sentences those that do not take the picture."""
    found, refused = [], []
    for scheme in schemes:
        try:
            found.append(shown(scheme, image, key, id))
        except (BadShape, BadDtype) as error:
            refused.append(f"{scheme.id} is left out: {error.message}")
    return found, refused


def contact_sheet(title: str, note: str, tiles: Sequence[Shown], *, columns: int = 4) -> Image.Image:
    """All tiles as one picture.

    >>> tile = Shown("plain/1", np.zeros((8, 8, 3), np.uint8), np.ones((3, 64)), ["one line"])
    >>> contact_sheet("x.png", "", [tile]).size
    (368, 534)
    """
    large, small = ImageFont.load_default(20), ImageFont.load_default(14)
    pictures = [fitted(tile.image) for tile in tiles]
    columns = min(columns, len(tiles))
    tall, text = max(p.height for p in pictures[:1]), 32 + 20 * max(len(tile.lines) for tile in tiles)
    across, down = _BOX + 24, tall + _BARS + text + 34
    rows = -(-len(tiles) // columns)
    canvas = Image.new("RGB", (columns * across + 24, 64 + rows * down + (4 if rows else 0)), "white")
    draw = ImageDraw.Draw(canvas)
    draw.text((24, 14), title, fill="black", font=ImageFont.load_default(24))
    draw.text((24, 44), note, fill="#555", font=small)
    for number, (tile, seen) in enumerate(zip(tiles, pictures, strict=True)):
        left, top = 24 + number % columns * across, 76 + number // columns * down
        canvas.paste(seen, (left + (_BOX - seen.width) // 2, top + max(0, (tall - seen.height) // 2)))
        canvas.paste(bars(tile.counts), (left, top + tall + 8))
        below = top + tall + _BARS + 14
        draw.text((left, below), tile.label, fill="black", font=large)
        for at, line in enumerate(tile.lines):
            draw.text((left, below + 28 + 20 * at), line, fill="#444", font=small)
    return canvas


def write_show(path: Path, title: str, note: str, tiles: Sequence[Shown]) -> None:
    """The sheet as a .png, or the same as an .html page that needs no other file."""
    if path.suffix.lower() == ".png":
        contact_sheet(title, note, tiles).save(path)
        return
    figures = "".join(
        f'<figure><img alt="{html.escape(tile.label)}" src="{data_url(fitted(tile.image))}">'
        f'<img alt="histogram" src="{data_url(bars(tile.counts))}">'
        f"<figcaption><b>{html.escape(tile.label)}</b><br>{'<br>'.join(map(html.escape, tile.lines))}"
        "</figcaption></figure>"
        for tile in tiles
    )
    path.write_text(page(title, f'{STYLE}<p>{html.escape(note)}</p><div class="tiles">{figures}</div>'), "utf-8")


def visible(image: Any) -> Any:
    """A cipher image as uint8 to look at: bytes as they are, other numbers scaled, but for the outermost percent.

    >>> visible(np.array([-1.0, 0.0, 1.0], np.float32)).tolist()
    [0, 127, 255]
    """
    if image.dtype == np.uint8:
        return image
    low, high = np.percentile(image, (0.5, 99.5))
    return ((image - low) / max(high - low, 1e-6) * 255).clip(0, 255).astype(np.uint8)


def fitted(image: Any) -> Image.Image:
    """A picture as large as fits: small ones by whole factors and sharp, large ones averaged as the eye does from afar.

    >>> fitted(np.zeros((50, 100, 1), np.uint8)).size
    (300, 150)
    """
    seen, scale = picture(image), scale_of(image)
    w, h = (max(1, round(side * scale)) for side in seen.size)
    return seen.resize((w, h), Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX)


def scale_of(image: Any) -> float:
    """By how much a picture (h, w, c) is enlarged to be shown."""
    side = int(max(image.shape[:2]))
    return _BOX // side if side <= _BOX else _BOX / side


def bars(counts: Any) -> Image.Image:
    """A histogram, a translucent area for each channel; the highest bars are cut where they would dwarf the others."""
    colours = _COLOURS.get(len(counts), _COLOURS[3])
    counts = counts[: len(colours)] if len(counts) in (3, 4) else counts[:1]
    top = max(1.0, min(float(counts.max()), 4 * float(np.percentile(counts, 90)) + 1))
    canvas = Image.new("RGB", (_BOX, _BARS), "#f4f4f4")
    width = _BOX / counts.shape[1]
    for row, colour in zip(counts, colours if len(counts) > 1 else _COLOURS[1], strict=True):
        layer = Image.new("L", canvas.size, 0)
        draw = ImageDraw.Draw(layer)
        for i, count in enumerate(row.tolist()):
            high = min(1.0, count / top) * (_BARS - 2)
            draw.rectangle((round(i * width), _BARS - round(high), round((i + 1) * width) - 1, _BARS), fill=115)
        canvas.paste(Image.new("RGB", canvas.size, colour), (0, 0), layer)
    return canvas


def _deflated(image: Any) -> int:
    file = io.BytesIO()
    modes = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image, modes[image.shape[2]]).save(file, "PNG")
    return file.tell()


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"

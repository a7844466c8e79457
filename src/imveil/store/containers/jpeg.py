"""jpeg: a JPEG for each cipher image, for schemes that survive it: a fraction of the bytes, and JPEG's loss.

As in `folder`, lists have the digests of the files. "jpeg:90:444" names quality and chroma; docs/spec/jpeg.md has the
details.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from imveil.errors import BadField, BadShape
from imveil.store import jpeg
from imveil.store.containers._files import Files
from imveil.store.containers.base import Container, Packed
from imveil.store.tag import Tag


@dataclass(frozen=True)
class Jpeg(Files):
    """JPEG files.

    Attributes
    ----------
    quality
        1 to 100 as in libjpeg.
    chroma
        444 or 420.
    """

    quality: int = 90
    chroma: int = 444
    extension = ".jpg"
    lossy = True

    def with_options(self, text: str) -> Container:
        """Those of "QUALITY:CHROMA". Raises BadField."""
        quality, _, chroma = text.partition(":")
        if not quality.isdigit() or not 1 <= int(quality) <= 100:
            raise BadField(f"--quality is 1 to 100, not {quality!r}")
        if chroma not in ("444", "420"):
            raise BadField(f"--chroma is 444 or 420, not {chroma!r}")
        return Jpeg(int(quality), int(chroma))

    def check(self, channels: int, depth: int) -> None:
        """Raise BadShape for what JPEG does not hold: transparency, 16 bits."""
        if channels not in (1, 3) or depth != 8:
            raise BadShape(
                f"a cipher JPEG holds 1 or 3 channels of 8 bits, got {channels} of {depth}",
                hint="make pictures fit with --channels rgb or grey, or store them as PNG",
            )

    def recognises(self, data: bytes) -> bool:
        """The first markers."""
        return data.startswith(b"\xff\xd8\xff")

    def pieces(self, image: Any, tag: Tag) -> Sequence[bytes]:
        """A cipher JPEG with its tag."""
        return [jpeg.encode(image, self.quality, self.chroma, tag)]

    def decode(self, data: bytes) -> Packed:
        """The image of a cipher JPEG."""
        return Packed(*jpeg.decode(data))


CONTAINER = Jpeg()

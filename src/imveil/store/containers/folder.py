"""folder: a PNG for each cipher image, in folders by split and class; the shard file lists them with their digests.

Any program opens it, torchvision's ImageFolder too. PNG holds bytes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imveil.store import png
from imveil.store.containers._files import Files
from imveil.store.containers.base import Packed, cipher_png
from imveil.store.tag import Tag


class Folder(Files):
    """PNG files."""

    extension = ".png"

    def recognises(self, data: bytes) -> bool:
        """The signature of PNG."""
        return data.startswith(png.SIGNATURE)

    def pieces(self, image: Any, tag: Tag) -> Sequence[bytes]:
        """A cipher PNG with its tag."""
        return png.pieces(image, tag)

    def decode(self, data: bytes) -> Packed:
        """The image of a cipher PNG."""
        return cipher_png(data)


CONTAINER = Folder()

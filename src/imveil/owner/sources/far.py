"""A folder of pictures elsewhere, by its address: s3://bucket/photos, read picture by picture, nothing kept on disk."""

from __future__ import annotations

from pathlib import PurePosixPath

from imveil.errors import BadImage, BadSource
from imveil.owner.picture import MOST_PIXELS, SUFFIXES, Picture, read_picture
from imveil.owner.sources._folder import FolderSource
from imveil.store.far import far_source


class FarSource(FolderSource):
    """The pictures under an address, sorted into splits and classes as those of a folder are.

    Raises BadSource where there are none or the address cannot be read.
    """

    hint = f"pictures end with {', '.join(SUFFIXES)}"

    def __init__(self, url: str, *, most_pixels: int = MOST_PIXELS) -> None:
        self.far = far_source(url)
        self.spec, self.place, self.most_pixels, self.notes = self.far.name, None, most_pixels, []
        found = [name for name in self.far.list() if not any(part.startswith(".") for part in name.split("/"))]
        if "imveil.json" in found:
            raise BadSource(f"{self.spec} is a cipher data set already", hint="decrypt it first, with imveil decrypt")
        paths = [name for name in found if PurePosixPath(name).suffix.lower() in SUFFIXES]
        others = [name for name in found if PurePosixPath(name).suffix.lower() not in SUFFIXES]
        self._sort(paths, len(others), others[-1] if others else "")

    def read(self, i: int) -> Picture:
        """Picture i, fetched and decoded. Raises BadImage with its address."""
        name = self.items[i].id(self.classes)
        try:
            return read_picture(self.far.read(name), most_pixels=self.most_pixels)
        except (BadImage, BadSource) as error:
            raise BadImage(f"{self.spec}/{name}: {error.message}", hint=error.hint) from error

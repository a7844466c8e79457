"""A folder of pictures elsewhere, by its address: s3://bucket/photos, read picture by picture, nothing kept on disk."""

from __future__ import annotations

from pathlib import PurePosixPath

from imveil.errors import BadImage, BadSource
from imveil.owner.picture import MOST_PIXELS, SUFFIXES, UNREAD, Picture, read_picture
from imveil.owner.sources._folder import FolderSource
from imveil.owner.sources._walk import hidden
from imveil.store.far import far_source


class FarSource(FolderSource):
    """The pictures under an address, sorted into splits and classes as those of a folder are.

    Raises BadSource where there are none or the address cannot be read.
    """

    hint = f"pictures end with {', '.join(SUFFIXES)}"

    def __init__(self, url: str, *, most_pixels: int = MOST_PIXELS) -> None:
        self.far = far_source(url)
        self.spec, self.place, self.most_pixels, self.notes = self.far.name, None, most_pixels, []
        listed = self.far.list()
        odd = [name for name in listed if name and not name.endswith("/") and "" in name.split("/")]
        self.left_out = [f"{self.spec}/{name}: a part of its name is empty" for name in odd]
        found = [name for name in listed if not any(hidden(part) or not part for part in name.split("/"))]
        if "imveil.json" in found:
            raise BadSource(f"{self.spec} is a cipher data set already", hint="decrypt it first, with imveil decrypt")
        known = (*SUFFIXES, *UNREAD)
        paths = [name for name in found if PurePosixPath(name).suffix.lower() in known]
        self._sort(paths, [name for name in found if PurePosixPath(name).suffix.lower() not in known])

    def read(self, i: int) -> Picture:
        """Picture i, fetched and decoded. Raises BadImage with its address."""
        name = self._where(i)
        try:
            return read_picture(self.far.read(name), most_pixels=self.most_pixels)
        except (BadImage, BadSource) as error:
            raise BadImage(f"{self.spec}/{name}: {error.message}", hint=error.hint) from error

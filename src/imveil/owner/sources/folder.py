"""A folder of picture files as a source: PNG, JPEG, TIFF and what else Pillow reads exactly."""

from __future__ import annotations

from os.path import splitext

from imveil.owner.picture import SUFFIXES, UNREAD, Picture, read_picture
from imveil.owner.sources._folder import FolderSource

_ENDINGS = frozenset((*SUFFIXES, *UNREAD))


class PictureFolder(FolderSource):
    """The pictures under a folder, told by their endings; those of kinds that are not read are refused one by one."""

    hint = f"pictures end with {', '.join(SUFFIXES)}"

    def _takes(self, path: str) -> bool:
        return splitext(path)[1].lower() in _ENDINGS  # noqa: PTH122 - quick

    def _decode(self, path: str) -> Picture:
        return read_picture(path, most_pixels=self.most_pixels)

"""Some splits of a source, where not all are to be encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imveil.errors import BadSource
from imveil.owner.picture import Picture
from imveil.owner.sources.base import Source


class Chosen(Source):
    """The pictures of `source` that lie in `splits`. Raises BadSource for a split that it has not."""

    def __init__(self, source: Source, splits: Sequence[str]) -> None:
        unknown = [name for name in splits if name not in source.splits]
        if unknown or not splits:
            raise BadSource(
                f"the source has no split {unknown[0] if unknown else ''!r}", hint=f"it has {', '.join(source.splits)}"
            )
        self.source, self.spec, self.place = source, source.spec, source.place
        self.notes, self.left_out, self.prepared = source.notes, source.left_out, source.prepared
        self._places = [i for i, item in enumerate(source.items) if (item.split or "all") in splits]
        held = {source.items[i].label for i in self._places}
        self.classes = list(source.classes) if held != {None} else []
        self.items = [source.items[i] for i in self._places]

    @property
    def preparation(self) -> list[Any]:
        """What decides the result, for the digest of a job."""
        return list(getattr(self.source, "preparation", ()))

    def read(self, i: int) -> Picture:
        """Picture i of those that were chosen."""
        return self.source.read(self._places[i])

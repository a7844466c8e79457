"""Pictures as their owner wants them encrypted: a source that is opened, made fit, and copied, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from imveil.owner.sources import open_source
from imveil.owner.sources.copied import Copied
from imveil.owner.sources.prepared import Preparation, Prepared


class Reading(TypedDict, total=False):
    """How a source is read.

    Attributes
    ----------
    form
        One of `sources.FORMS`; recognised unless given.
    resize, pad, crop, channels
        What is done to each picture, as `Preparation.of` takes them: "256", "224x224", "grey".
    copies
        How many moved copies of each picture are made, itself among them.
    follow_links
        Read what links lead to outside of a folder.
    column
        Of pictures, in Parquet files.
    splits
        Take these only.
    """

    form: str | None
    resize: str | None
    pad: str | None
    crop: str | None
    channels: str | None
    copies: int
    follow_links: bool
    column: str | None
    splits: Sequence[str] | None


def preparation(how: Reading) -> Preparation | None:
    """What is done to each picture. Raises BadField."""
    return Preparation.of(how.get("resize"), how.get("pad"), how.get("crop"), how.get("channels"))


def open_pictures(source: Any, how: Reading, prepare: Preparation | None = None) -> Any:
    """The source, made fit and copied as `how` says.

    Parameters
    ----------
    source
        What `open_source` takes, or a source.
    prepare
        In place of what `how` says is done to each picture.

    Raises
    ------
    BadSource, UnknownName, Unavailable, MissingExtra
        As `open_source`.
    BadField
        For anything that is not a size.
    """
    pictures = source
    if isinstance(source, (str, Path)):
        pictures = open_source(
            source, form=how.get("form"), follow_links=how.get("follow_links", False), column=how.get("column"),
            splits=how.get("splits"),
        )  # fmt: skip
    prepare = prepare or preparation(how)
    pictures = Prepared(pictures, prepare) if prepare else pictures
    return Copied(pictures, how.get("copies", 1)) if how.get("copies", 1) != 1 else pictures

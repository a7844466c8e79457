"""Plain sources: where an owner's pictures come from. `open_source` recognises them, or takes the name of a form."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from imveil.errors import BadSource
from imveil.owner.datasets.cifar_facts import SETS
from imveil.owner.datasets.download import Progress, on_terminal
from imveil.owner.picture import MOST_PIXELS, SUFFIXES, UNREAD, Picture
from imveil.owner.sources._elsewhere import elsewhere
from imveil.owner.sources._splits import LISTS, is_list
from imveil.owner.sources._walk import folders, names
from imveil.owner.sources.base import Item, Source
from imveil.owner.sources.chosen import Chosen
from imveil.registry import unknown
from imveil.store.far import is_far

__all__ = ["FORMS", "NAMES", "Item", "Picture", "Source", "is_picture", "open_source", "read_one"]

NAMES = (*SETS, "cifar100-coarse")
"""The sources that are opened by name."""
FORMS = {
    "folder": ("folder", "PictureFolder"),
    "table": ("table", "TableSource"),
    "parquet": ("parquet", "ParquetSource"),
    "webdataset": ("webdataset", "WebDatasetSource"),
    "npz": ("npz", "NpzSource"),
    "safetensors": ("safetensors", "SafetensorsSource"),
    "dicom": ("dicom", "DicomSource"),
    "dicom-window": ("dicom", "DicomWindowSource"),
}
"""How pictures may lie: the module and class that reads each form."""
_LONG = 251  # bytes, and .png after them
_BY_SUFFIX = {".npz": "npz", ".safetensors": "safetensors", ".parquet": "parquet", ".tar": "webdataset",
              ".csv": "table", ".jsonl": "table"}  # fmt: skip
_IN_FOLDERS = {**dict.fromkeys((*SUFFIXES, *UNREAD), "folder"), ".parquet": "parquet", ".tar": "webdataset",
               ".dcm": "dicom", ".dicom": "dicom"}  # fmt: skip


def open_source(
    spec: str | Path,
    *,
    form: str | None = None,
    most_pixels: int = MOST_PIXELS,
    follow_links: bool = False,
    column: str | None = None,
    splits: Sequence[str] | None = None,
    progress: Progress = on_terminal,
) -> Source:
    """The source that `spec` means: "cifar10", "cifar100", "cifar100-coarse", a folder or a file of pictures.

    Parameters
    ----------
    form
        One of `FORMS`; recognised unless given.
    most_pixels
        Pictures with more are refused, one by one.
    follow_links
        Read what links lead to outside of the folder.
    column
        Of pictures, in Parquet files.
    splits
        Take these only.
    progress
        Told of downloads.

    Raises
    ------
    BadSource
        In one line.
    UnknownName
    Unavailable
        When a named set cannot be had.
    MissingExtra
    """
    source = _opened(spec, form, most_pixels, follow_links, column, progress)
    if splits is not None:
        source = Chosen(source, splits)
    return _advised(source)


def _opened(
    spec: str | Path, form: str | None, most_pixels: int, follow_links: bool, column: str | None, progress: Progress
) -> Source:
    if form is not None and form not in FORMS:
        raise unknown("form of sources", form, FORMS)
    if form is None and str(spec) in NAMES and not (isinstance(spec, Path) and spec.exists()):
        from imveil.owner.sources.cifar import CifarSource

        name, _, coarse = str(spec).partition("-")
        return CifarSource(name, coarse=bool(coarse), progress=progress)
    if is_far(spec):
        from imveil.owner.sources.far import FarSource

        return FarSource(str(spec), most_pixels=most_pixels)
    path = Path(spec)
    if not path.exists():
        hint = f"name a folder of pictures, a file of many, or one of {', '.join(NAMES)}"
        raise BadSource(f"{spec} is not there", hint=hint)
    if path.is_dir() and (path / "imveil.json").exists():
        raise BadSource(f"{path} is a cipher data set already", hint="decrypt it first, with imveil decrypt")
    module, name = FORMS[form or _recognised(path)]
    if column is not None and module != "parquet":
        raise BadSource(f"a column is named for Parquet files, and {path} is read as {module}", hint="leave it out")
    reader = getattr(import_module(f"{__name__}.{module}"), name)
    arrays = module in ("npz", "safetensors")
    if arrays and path.is_dir():
        raise BadSource(f"one .{module} file was needed, {path} is a folder")
    if arrays:
        plain: Source = reader(path)
        return plain
    options = {"column": column} if module == "parquet" else {}
    source: Source = reader(path, most_pixels=most_pixels, follow_links=follow_links, **options)
    return source


def _advised(source: Source) -> Source:
    """The source, with notes on what its owner may not expect."""
    if not source.classes:
        source.notes.append(
            f"0 classes: no labels were found in {source.spec}; they are read from class folders, from lists that are "
            f"called {', '.join(LISTS)}, from label=... in paths, and from columns and members called label"
        )
    long = [item.name for item in source.items if len(item.name) > 60 and len(os.fsencode(item.name)) > _LONG]
    if long:
        source.notes.append(
            f"names longer than a file's may be: {len(long):,}, such as {long[0][:40]}...; they are shortened when "
            "they are decrypted"
        )
    return source


def read_one(path: Path, form: str | None = None) -> Picture:
    """The picture in one file, of any format; DICOM by its ending or by the name of the form. Raises BadImage."""
    from imveil.owner.picture import read_picture

    if form in ("dicom", "dicom-window") or (form is None and path.suffix.lower() in (".dcm", ".dicom")):
        from imveil.owner.sources.dicom import read_dicom

        return read_dicom(path, window=form == "dicom-window")
    return read_picture(path)


def is_picture(path: Path, form: str | None = None) -> bool:
    """Whether `path` is a file of one picture, and not of many."""
    many = path.suffix.lower() in _BY_SUFFIX or bool(elsewhere(path.name))
    return path.is_file() and (form is None or form.startswith("dicom")) and not many


def _recognised(path: Path) -> str:
    """The form of a file by its ending, of a folder by what lies in it; the first picture tells."""
    if path.is_file():
        if path.name in LISTS and is_list(path):
            return "table"
        if path.suffix.lower() in _BY_SUFFIX:
            return _BY_SUFFIX[path.suffix.lower()]
        known = ", ".join(_BY_SUFFIX)
        what, hint = elsewhere(path.name) or ("another file", "or name its form")
        raise BadSource(f"a folder or a {known} file was needed, {path} is {what}", hint=hint)
    if any(is_list(place / name) for place in (path, *folders(path)) for name in LISTS):
        return "table"
    found = set()
    for name in names(path):
        form = _IN_FOLDERS.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 - quick
        if form == "folder":
            return form
        if form:
            found.add(form)
    if len(found) > 1:
        raise BadSource(f"{path} holds files of several forms: {', '.join(sorted(found))}", hint="name one with --from")
    return found.pop() if found else "folder"

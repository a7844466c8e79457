"""Measures: every metric of a set of cipher images beside what random images give; against the true pictures, too."""

from __future__ import annotations

import csv
import io
import json
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np

from imveil import metrics
from imveil.audit.folder_campaign import Folder, images_of_set, read_folder, read_truth
from imveil.audit.statistics import lines_of, measured_ciphers
from imveil.errors import BadDtype, BadField, BadSource
from imveil.store.manifest import FILE

MOST = 500
Form = Literal["csv", "latex", "json"]


def measure(path: str | Path, truth: str | Path | None = None, *, most: int = MOST) -> list[dict[str, Any]]:
    """Every metric of the cipher images in a folder: a line for each, or for each column of one.

    Parameters
    ----------
    path
        A cipher data set of any container, or a folder of PNG files; images of the most common size are taken.
    truth
        A folder with the true pictures under the same names; then the metrics of a picture and a guess are measured,
        too: how near the cipher images come to the pictures, as they are.
    most
        How many images to measure.

    Returns
    -------
    Lines {name, mean, sd, n, unit, expected, range, tells}: `expected` is the mean over perfectly random images of that
    size and `range` where 95 % of them lie, None where there is no such thing.

    Raises
    ------
    BadSource where there is nothing to measure or names do not pair; BadDtype for cipher images that are no bytes.
    """
    folder = _read(Path(path), most)
    if folder.images.dtype != np.uint8:
        raise BadDtype(f"metrics are of bytes (uint8), the cipher images in {path} are {folder.images.dtype}")
    lines = measured_ciphers(folder.images)
    if truth is not None:
        rows, pictures, _ = read_truth(folder, Path(truth))
        seen = folder.images[rows]
        for metric in map(metrics.find, metrics.names("pair")):
            lines += lines_of(metric, metric(pictures, seen), seen)
    return lines


def table(lines: list[dict[str, Any]], form: Form) -> str:
    """The lines of `measure` as "csv", "latex" (a tabular) or "json", where an open end of a range is null.

    >>> line = {"name": "entropy", "mean": 7.9, "sd": 0.1, "n": 2, "unit": "bits", "expected": 7.99, "range": None}
    >>> print(table([line], "csv"), end="")
    name,mean,sd,n,unit,expected,low,high
    entropy,7.9,0.1,2,bits,7.99,,
    """
    rows = [_row(line) for line in lines]
    if form == "json":
        return json.dumps(rows, indent=1, allow_nan=False) + "\n"
    names = list(rows[0]) if rows else ["name"]
    if form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()
    if form == "latex":
        body = [" & ".join(_tex(value) for value in row.values()) + r" \\" for row in rows]
        head = " & ".join(names) + r" \\ \hline"
        return "\n".join([rf"\begin{{tabular}}{{l{'r' * (len(names) - 1)}}}", head, *body, r"\end{tabular}"]) + "\n"
    raise BadField(f"a table is csv, latex or json, not {form!r}")


def _row(line: dict[str, Any]) -> dict[str, Any]:
    low, high = line["range"] or (None, None)
    values = {name: line[name] for name in ("name", "mean", "sd", "n", "unit", "expected")}
    ends = {"low": low, "high": high}
    return values | {name: None if end is None or not isfinite(end) else end for name, end in ends.items()}


def _tex(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = "" if value is None else str(value)
    return text.replace("%", r"\%").replace("_", r"\_").replace("&", r"\&")


def _read(path: Path, most: int) -> Folder:
    """The images of a cipher data set, or of a folder that is none."""
    if not (path / FILE).exists():
        folder = read_folder(path)
        return Folder(folder.path, folder.images[:most], folder.names[:most], folder.notes)
    found, _ = images_of_set(path, most)
    if not found.images:
        raise BadSource(f"no cipher image in {path} can be read", hint=found.broken[0] if found.broken else "")
    return Folder(path, np.stack(found.images), [name for name, _ in found.items])

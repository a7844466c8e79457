"""Frozen public encoders, one file each: "lite0-128", "lite2-224", "onnx:FILE", "timm:NAME", "torchvision:NAME"."""

from __future__ import annotations

from imveil.owner.encoders.base import Encoder, Facts
from imveil.registry import files, load, unknown

__all__ = ["KNOWN", "Encoder", "Facts", "find"]
KNOWN = ("lite0-128", "lite2-224", "onnx:FILE", "timm:NAME", "torchvision:NAME")


def find(name: str, *, precision: str = "") -> Encoder:
    """The encoder of a name; the part before the colon, or before the first digit, is the file in this folder.

    Parameters
    ----------
    precision
        "float32" or "bfloat16"; the faster one of this processor unless given.

    Raises
    ------
    UnknownName
    MissingExtra
    BadModelFile
    """
    kind, colon, rest = name.partition(":")
    module = kind if colon else kind.rstrip("0123456789-").rstrip("0123456789")
    if module not in files(__name__) or bool(colon) == (module == "lite") or (colon and not rest):
        raise unknown("encoder", name, KNOWN)
    made: Encoder = load(__name__, module, "encoder").make(rest if colon else name, precision=precision)
    return made

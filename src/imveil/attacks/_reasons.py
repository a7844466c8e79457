"""Reasons why an attack cannot work against a scheme: one sentence each, said once. "" where there is none."""

from __future__ import annotations

from typing import Any


def one_key(scheme: Any) -> str:
    """Of attacks that carry what they learn from one image over to another."""
    return "every image has a key of its own" if scheme.traits.per_image else ""


def same_shape(scheme: Any) -> str:
    """Of attacks that compare cipher images and pictures place by place."""
    return "" if scheme.traits.keeps_shape else "cipher images have another shape than pictures"


def bytes_only(scheme: Any) -> str:
    """Of attacks that read bytes."""
    return "" if scheme.traits.dtype == "uint8" else f"cipher images are {scheme.traits.dtype}, no bytes"


def blocks(scheme: Any) -> str:
    """Of attacks that read blocks."""
    return "" if "block" in scheme.config() else "no blocks"


def at_most(pixels: int, shape: tuple[int, ...] | None) -> str:
    """Of attacks whose time grows fast with the size of pictures (h, w, c); None: any size."""
    return f"more than {pixels:,} pixels" if shape is not None and shape[0] * shape[1] > pixels else ""

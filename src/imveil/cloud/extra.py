"""torch, or one clear line: the rooms of the cloud take torch from here, so that a missing extra has one message."""

from __future__ import annotations

from imveil.errors import MissingExtra

try:
    import safetensors.torch
    import torch
    from torch import nn
except ImportError as error:
    missing = (error.name or "one of them").partition(".")[0]
    raise MissingExtra(
        f"training and prediction need torch and safetensors, and {missing} is not installed",
        hint="pip install 'imveil[train]'",
    ) from error

__all__ = ["nn", "safetensors", "torch"]

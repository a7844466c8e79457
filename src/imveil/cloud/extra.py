"""torch, or one clear line: the rooms of the cloud take torch from here, so that a missing extra has one message."""

from __future__ import annotations

from imveil.errors import MissingExtra

try:
    import safetensors.torch
    import torch
    from torch import nn
except ImportError as error:
    raise MissingExtra(
        f"training and prediction need torch and safetensors, and {error.name or 'one of them'} is not installed",
        hint="pip install 'imveil[train]'",
    ) from error

__all__ = ["nn", "safetensors", "torch"]

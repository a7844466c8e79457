"""torch for encoders, or one clear line: a missing extra has one message."""

from __future__ import annotations

from imveil.errors import MissingExtra

try:
    import torch
    from torch import nn
except ImportError as error:
    raise MissingExtra(
        "an encoder needs torch, and it is not installed", hint="pip install 'imveil[private]'"
    ) from error

__all__ = ["nn", "torch"]

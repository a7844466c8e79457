"""Arrays of pictures and labels as tensors of the kinds that torch computes with."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.extras import torch


def tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    """Pictures as they are, but uint16 as float32, which holds all its values; any other whole numbers as int64.

    >>> tensor(np.array([65535], np.uint16))
    tensor([65535.])
    """
    kind = {"uint8": np.uint8, "uint16": np.float32, "float32": np.float32}.get(str(array.dtype), np.int64)
    array = np.ascontiguousarray(array, kind)
    # A copy where numpy says read-only: torch warns about tensors that share such memory.
    return torch.from_numpy(array if array.flags.writeable else array.copy())

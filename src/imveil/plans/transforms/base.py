"""Transforms: what lies outside the group of plans and has a plan's face. Called on a batch, undone by ~.

Chains of substitutions, real matrices, value tables and colour conversions are no gather with an XOR. A transform says
what it takes and gives and does `apply` on a numpy batch; the base does the checks, `out`, and torch tensors of any
device, by way of numpy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from imveil.errors import BadDtype, BadShape

Shape = tuple[int, int, int]


class Transform(ABC):
    """A function of whole images of one shape. shape: (h, w, c) of the images that it takes; takes, gives: kinds of
    numbers; keyless: the same under every key."""

    shape: Shape
    takes: str = "uint8"
    gives: str = "uint8"
    keyless: ClassVar[bool] = False

    @abstractmethod
    def apply(self, images: Any) -> Any:
        """The work: a contiguous array (n, *shape) of `takes`, not to be changed -> a new array of `gives`."""

    @abstractmethod
    def __invert__(self) -> Any:
        """The transform that undoes this one. Raises NotInvertible where there is none."""

    def __call__(self, images: Any, out: Any = None) -> Any:
        """Apply to a batch.

        Parameters
        ----------
        images
            (n, h, w, c), a numpy array or a torch tensor on any device, contiguous or not.
        out
            Where the result goes, of the result's shape and kind; `out=images` works in place where these are the same.
            A new array when None.

        Raises
        ------
        BadDtype
        BadShape
        """
        if getattr(images, "ndim", None) != 4 or tuple(images.shape[1:]) != self.shape:
            came = tuple(getattr(images, "shape", ()))
            raise BadShape(f"this transform is for images (n, {', '.join(map(str, self.shape))}), got {came}")
        if str(images.dtype).removeprefix("torch.") != self.takes:
            raise BadDtype(f"this transform takes {self.takes}, got {images.dtype}")
        if isinstance(images, np.ndarray):
            return _placed(self.apply(np.ascontiguousarray(images)), out)
        import torch

        result = self.apply(np.ascontiguousarray(images.detach().cpu().numpy()))
        return _placed(torch.from_numpy(result).to(images.device), out)

    def __repr__(self) -> str:
        """What kind of transform it is, never its numbers: they are as good as the key."""
        return f"{type(self).__name__}(shape={self.shape}, {self.takes} to {self.gives})"


def _placed(result: Any, out: Any) -> Any:
    if out is None:
        return result
    if out.shape != result.shape or out.dtype != result.dtype:
        raise BadShape(f"out must be {result.dtype} {tuple(result.shape)}, got {out.dtype} {tuple(out.shape)}")
    out[...] = result
    return out


__all__ = ["Shape", "Transform"]

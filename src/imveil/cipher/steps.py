"""Steps: plans and transforms one after the other, with the face of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Steps:
    """`first`, then `then`; plans among themselves are better composed with @.

    >>> import numpy as np
    >>> from imveil.cipher.plan import Plan
    >>> steps = Steps(Plan(order=np.array([1, 0])), Plan(mask=np.array([1, 0], np.uint8)))
    >>> steps(np.array([[[[4, 6]]]], np.uint8)).ravel().tolist()
    [7, 4]
    >>> (~steps)(steps(np.array([[[[4, 6]]]], np.uint8))).ravel().tolist()
    [4, 6]
    """

    first: Any
    then: Any

    def __call__(self, images: Any, out: Any = None) -> Any:
        """Apply to a batch; see `Plan.__call__`."""
        return self.then(self.first(images), out=out)

    def __invert__(self) -> Steps:
        return Steps(~self.then, ~self.first)

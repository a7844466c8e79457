"""Steps: plans and transforms one after the other, with the face of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imveil.plans.plan import Plan


@dataclass(frozen=True, eq=False)
class Steps:
    """`first`, then `then`; plans among themselves are better composed with @.

    >>> import numpy as np
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


def from_one_to_other(old: Any, new: Any) -> Plan | None:
    """The one plan that turns cipher images of `old` into those of `new`, where there is one without a picture between.

    Parameters
    ----------
    old, new
        What one scheme gives for two keys: plans, or a conversion that no key changes and then a plan.

    >>> import numpy as np
    >>> from_one_to_other(Plan(mask=np.array([1], np.uint8)), Plan(mask=np.array([3], np.uint8))).mask.tolist()
    [2]
    """
    while isinstance(old, Steps) and isinstance(new, Steps) and _keyless(old.first) and _keyless(new.first):
        old, new = old.then, new.then
    return new @ ~old if isinstance(old, Plan) and isinstance(new, Plan) else None


def _keyless(step: Any) -> bool:
    return getattr(step, "keyless", False)

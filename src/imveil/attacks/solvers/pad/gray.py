"""The Gray code of bytes, of numpy arrays and of tensors alike."""

from __future__ import annotations

from typing import Any


def gray(values: Any) -> Any:
    """The Gray code: neighbouring values differ in one bit, and XOR with a mask stays one.

    >>> import numpy as np
    >>> gray(np.array([127, 128], np.uint8)).tolist()
    [64, 192]
    """
    return values ^ values >> 1


def ungray(values: Any) -> Any:
    """The inverse of `gray`.

    >>> import numpy as np
    >>> all_of_them = np.arange(256).astype(np.uint8)
    >>> bool((ungray(gray(all_of_them)) == all_of_them).all())
    True
    """
    for shift in (1, 2, 4):
        values = values ^ values >> shift
    return values

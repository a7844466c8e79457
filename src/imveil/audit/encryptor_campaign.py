"""Audit of somebody's encryptor: a Python function or a program, whose key and scheme nobody names.

report = audit_encryptor("mycode:encrypt", images, budget="5m")
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from imveil.attacks.base import U8, ViewName
from imveil.audit.campaign import Watch, audit
from imveil.audit.encryptors import Encryptor
from imveil.audit.pictures import Pictures
from imveil.audit.result import Audit
from imveil.audit.trials import VIEWS

_FRESH = (
    "Equal pictures got different cipher images: the encryptor takes a fresh key, or fresh random bytes, each time. "
    "How its key is kept was not examined."
)


def audit_encryptor(
    command: str,
    images: U8 | Pictures,
    *,
    budget: str | float = 120.0,
    views: Sequence[ViewName] = VIEWS,
    timeout: float = 60.0,
    spent: float = 0.0,
    progress: Watch | None = None,
) -> Audit:
    """Attack somebody else's encryptor with everything that fits the views.

    Parameters
    ----------
    command
        module:function, called with (n, h, w, c) uint8; or a command line, which turns a PNG on standard input into one
        on standard output. Either runs in a process of its own.
    images, budget, views, spent, progress
        As for `audit`.
    timeout
        Seconds that one call may take.

    Returns
    -------
    Audit
        Its notes say where equal pictures got different cipher images, or images of another size came.

    Raises
    ------
    BadInput
        For an encryptor that is not there, fails, hangs, or returns no images.
    """
    plain = images.images if isinstance(images, Pictures) else images
    start = time.monotonic()
    with Encryptor(command, timeout) as encryptor:
        first = encryptor(plain[:2])
        began = time.monotonic()
        again = encryptor(plain[:2])
        pace = (time.monotonic() - began) / 2
        found = audit(
            encryptor.challenger(), images, budget=budget, views=views, what=f"the encryptor {command}", pace=pace,
            spent=spent + time.monotonic() - start, progress=progress,
        )  # fmt: skip
    if first.shape[1:] != plain.shape[1:]:
        sizes = ("x".join(map(str, shape)) for shape in (first.shape[1:], plain.shape[1:]))
        found.notes.insert(0, "Its cipher images are {}, the pictures {}: few attacks fit that.".format(*sizes))
    if first.tobytes() != again.tobytes():
        found.notes.insert(0, _FRESH)
    return found

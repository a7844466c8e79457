"""What the cloud could do with the queries that it saw: the attack that fits the scheme, on those very queries.

It is played for the page alone (`--page`), with no key, and keeps the last queries of a few visitors in memory.
"""

from __future__ import annotations

import base64
import time
from collections import OrderedDict, deque
from typing import Any

import numpy as np

from imveil import attacks
from imveil.attacks.base import View
from imveil.cloud.modelfile import ModelInfo
from imveil.errors import BadInput, ImveilError
from imveil.store import png

MOST, VISITORS, SHOWN = 200, 32, 8
MOST_BYTES = 1 << 27  # of all that is remembered, the last visitor's apart
_SEQUENCES = ("logistic-xor", "skew-tent-xor", "henon-xor", "lattice-xor", "aes-xor", "np-block")


class Interception:
    """The last cipher images of each visitor and model, newest last."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], deque[Any]] = OrderedDict()

    def keep(self, model: str, session: str, images: Any) -> None:
        """Remember the cipher images of a query."""
        key = model, session
        held = self._seen.setdefault(key, deque(maxlen=MOST))
        held.extend(np.array(image) for image in images)
        self._seen.move_to_end(key)
        while len(self._seen) > 1 and (len(self._seen) > VISITORS or self._bytes() > MOST_BYTES):
            self._seen.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(held) * held[-1].nbytes for held in self._seen.values())

    def play(self, model: str, session: str, info: ModelInfo, count: int) -> dict[str, Any]:
        """What the attack makes of the last `count` cipher images: {attack, says, seconds, images}, the last one first,
        as PNGs in base64. Raises BadInput where nothing was seen."""
        held = list(self._seen.get((model, session), ()))[-max(1, min(count, MOST)) :]
        if not held:
            raise BadInput("no query of this visitor was seen")
        name, says = fitting(info, len(held))
        targets = np.stack(held[::-1][:SHOWN])
        ciphers = np.stack(held)
        shape: Any = tuple(int(side) for side in info.shape)
        view = View(targets, shape, scheme=info.scheme, fields=dict(info.fields), ciphers=ciphers)
        begin = time.perf_counter()
        try:
            guess = attacks.find(name).run(view).images
        except ImveilError as error:
            name, says = "look", f"{name} could not be played: {error.message}"
            guess = attacks.find(name).run(view).images
        seconds = time.perf_counter() - begin
        images = [base64.b64encode(png.encode(image)).decode() for image in guess]
        return {"attack": name, "says": says, "seconds": round(seconds, 3), "images": images}


def fitting(info: ModelInfo, seen: int) -> tuple[str, str]:
    """The attack that fits a scheme, among those that need nothing but cipher images; and what it does, in a sentence.

    It needs no key and uses none: the cloud has none.
    """
    kind = info.scheme.rpartition("/")[0]
    known = set(attacks.names())
    if info.fields.get("per_image"):
        name = "unfold" if "unfold" in known and kind.startswith("negpos") else "fold-colours"
        return name, "Each image has a key of its own, so the attack works on this one alone. It needs no key."
    if kind in _SEQUENCES or (kind == "negpos" and not info.fields.get("colors", True)):
        if seen < 2:
            return "look", "One image under a sequence shows nothing by itself; intercept some more."
        return (
            "many-time-pad",
            "One sequence hides all images: what they have in common gives it away. It needs no key.",
        )
    if kind in ("plain", "aes-ctr-control"):
        return "look", "The attacker looks at the image as it is."
    if "second-order" in known and seen >= 2:
        return "second-order", "One key hides all images: their second-order statistics give it away. It needs no key."
    return "look", "The attacker looks at the image as it is; no attack on so few images is played here."

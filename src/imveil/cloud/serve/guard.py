"""The door: tokens, rates, sizes, times; and keys that arrive by mistake, which are refused, dropped and not logged."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imveil.errors import BadInput

# A key file of any kind, or the line that is the key: 64 characters of base32, in capitals or not.
_KEY_FILE = re.compile(rb"imveil-(?:key|identity|wrapped-key|wrapped-identity)-\d")
_KEY_TEXT = re.compile(rb"(?<![A-Za-z2-7])[a-z2-7]{64}(?![A-Za-z2-7])|(?<![A-Za-z2-7])[A-Z2-7]{64}(?![A-Za-z2-7])")
_TEXT = 1 << 16  # bytes of a body that are looked through as text; tensors of bytes look like anything


class TooLarge(BadInput):
    """More bytes than are read."""


class TooSlow(BadInput):
    """A body that did not come in time."""


@dataclass
class Door:
    """Who may ask, how often, and how much.

    Attributes
    ----------
    token
        Compared in constant time; "" lets everyone in.
    rate
        Requests a second for each token or address, 0 for any number; bursts of two seconds.
    most_bytes
        Of a body.
    seconds
        For a body to arrive.
    """

    token: str = field(default="", repr=False)
    rate: float = 0.0
    most_bytes: int = 64 << 20
    seconds: float = 30.0
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    def lets_in(self, authorization: str) -> bool:
        """Whether a request with this header may enter."""
        return not self.token or hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode())

    def seconds_to_wait(self, who: str) -> float:
        """0 where a request may come now, else in how many seconds."""
        if not self.rate:
            return 0.0
        now, most = time.monotonic(), max(1.0, 2 * self.rate)
        left, then = self._buckets.get(who, (most, now))
        left = min(most, left + (now - then) * self.rate)
        if len(self._buckets) > 10_000:
            self._buckets.clear()
        self._buckets[who] = (left - 1, now) if left >= 1 else (left, now)
        return 0.0 if left >= 1 else (1 - left) / self.rate

    async def body(self, request: Any) -> bytes:
        """The body of a request. Raises TooLarge, TooSlow."""
        said = request.headers.get("content-length", "")
        if said.isdigit() and int(said) > self.most_bytes:
            raise TooLarge(f"the body has {int(said):,} bytes, at most {self.most_bytes:,} are read")
        parts, total = [], 0
        try:
            async with asyncio.timeout(self.seconds):
                async for part in request.stream():
                    total += len(part)
                    if total > self.most_bytes:
                        raise TooLarge(f"the body has more than {self.most_bytes:,} bytes, which are read")
                    parts.append(part)
        except TimeoutError as error:
            raise TooSlow(f"the body did not arrive within {self.seconds:g} s") from error
        return b"".join(parts)


def holds_key(headers: Mapping[str, str], body: bytes, text: int | None = None) -> bool:
    """Whether a key arrived.

    Parameters
    ----------
    text
        How many bytes of the body are text; None: as many as look so.

    >>> holds_key({}, b"imveil-key-1\\n# A secret")
    True
    """
    words = " ".join(headers.values()).encode()
    seen = body[: _TEXT if text is None else text]
    return any(pattern.search(part) for pattern in (_KEY_FILE, _KEY_TEXT) for part in (words, seen))

"""Joins a round that somebody hosts: pictures are encoded once, then a sum goes out for each step until it is over.

The host chooses nothing but when: every step must follow from the round whose fingerprint the owners compared.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.parse
from collections.abc import Callable
from typing import Any, NamedTuple

from imveil.errors import BadInput, Mismatch, Refused, Unavailable
from imveil.store.messages.head import Head
from imveil.store.messages.round import Round
from imveil.store.messages.steps import follows

Make = Callable[[Round, Head | None], bytes]
_MOST = 1 << 30
_WAIT = 0.02


class Result(NamedTuple):
    """Attributes
    ----------
    head
        The bytes of the trained head's file, empty where the round is blind.
    total
        Of a blind round.
    """

    head: bytes
    total: bytes


class Host:
    """The other end, closed at the end of a `with` block.

    Raises BadInput for an address that is none, Unavailable where nobody answers.
    """

    def __init__(self, address: str, *, timeout: float = 60.0) -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"an address such as http://host:8710 was needed, got {address!r}")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.address, self._prefix = address, parts.path.rstrip("/")
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str) -> bytes:
        """What lies at a path."""
        return self._ask("GET", path)

    def post(self, path: str, data: bytes) -> None:
        """Send bytes. Raises Refused with the host's words where it does not take them."""
        self._ask("POST", path, data)

    def state(self, after: int = -1) -> dict[str, Any]:
        """Where the round is; with `after`, once that step is over or the host has waited long enough."""
        try:
            found = json.loads(self.get(f"/state?after={after}"))
            kinds = {"done": bool, "failed": str, "fingerprint": str, "step": int, "steps": int, "waiting": list}
            if all(isinstance(found[name], kind) for name, kind in kinds.items()):
                return dict(found)
        except (ValueError, KeyError, TypeError):
            pass
        raise Unavailable(f"{self.address} does not answer as a host of a round", hint="check the address")

    def _ask(self, verb: str, path: str, data: bytes | None = None) -> bytes:
        for attempt in range(3):
            try:
                self._connection.request(verb, self._prefix + path, data)
                answer = self._connection.getresponse()
                body = answer.read(_MOST)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if attempt == 2:
                    raise Unavailable(f"{self.address} does not answer: {error}", hint="try again later") from error
                time.sleep(0.2 * (attempt + 1))
                continue
            if answer.status == 200:
                return body
            raise Refused(f"the host says {answer.status}: {_words(body)}")
        raise AssertionError


def fetch_round(host: Host, fingerprint: str) -> Round:
    """The first step's round, if its fingerprint is the one that the owners compared. Raises Mismatch, BadMessage."""
    found = Round.from_bytes(host.get("/study"), "the host's round")
    if found.fingerprint != fingerprint:
        raise Mismatch(
            f"the host's round has the fingerprint {found.fingerprint}, {fingerprint or 'none'} was agreed",
            hint="read it with the other owners, and give it with --fingerprint",
        )
    return found


def join(
    host: Host, first: Round, recipient: str, make: Make, *, tell: Callable[[int, int], None] = lambda *_: None,
    patience: float = 3600.0,
) -> Result:  # fmt: skip
    """Send a sum for every step until the round is over.

    Parameters
    ----------
    first
        Step 0 of the round, as `fetch_round` gives it.
    recipient
        The owner's own.
    make
        Gives the bytes of the sum for a step's round and the head it sends out (None at first), as
        `imveil.owner.summing.release` does.
    tell
        Told of the step.
    patience
        Seconds without a step.

    Raises
    ------
    Refused
        Where the host ended the round.
    Mismatch
        Where a step does not follow from the first.
    Unavailable
    """
    sent, after, since = -1, -1, time.monotonic()
    while True:
        state = host.state(after)
        if state["failed"]:
            raise Refused(f"the round was ended: {state['failed']}")
        if state["done"]:
            return Result(b"", host.get("/total")) if first.blind else Result(host.get("/head"), b"")
        if recipient in state["waiting"] and state["step"] > sent:
            tell(state["step"], state["steps"])
            sent, since = _send(host, first, make), time.monotonic()
        elif time.monotonic() - since > patience:
            raise Unavailable("the round does not go on: an owner is late", hint="run the same command again later")
        elif state["step"] <= after:
            time.sleep(_WAIT)  # a host that answers at once is not asked without a pause
        after = state["step"]


def _send(host: Host, first: Round, make: Make) -> int:
    round_ = Round.from_bytes(host.get("/round"), "the host's round")
    if round_ != first and not follows(round_, first):
        raise Mismatch(f"the host's step {round_.step + 1} does not follow from the round {first.fingerprint}")
    head = Head.from_bytes(host.get("/head"), "the host's head") if round_.head else None
    host.post("/sum", make(round_, head))
    return round_.step


def _words(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])[:500]
    except (ValueError, KeyError, TypeError):
        return "no reason"

"""What stands before every route: who may ask, what is too much, keys that arrive by mistake; and what stands after it:
errors as the protocol's object, a request id, metrics, a line of the log. No picture, label or key is written to it."""

from __future__ import annotations

import json
import logging
import secrets
import time
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imveil.cloud.serve.guard import Door, holds_key
from imveil.cloud.serve.meters import Meters
from imveil.errors import ImveilError

MOST_HEADER = 1 << 15  # bytes of an address and its headers
_log = logging.getLogger("imveil.serve")


class Problem(Exception):
    """An answer other than the asked one: a status and a sentence."""

    def __init__(self, status: int, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status, self.message, self.wait = status, message, wait


def refusal(problem: Problem) -> Response:
    """A problem as the protocol's object, {"error": "..."}."""
    headers = {"Retry-After": str(max(1, round(problem.wait)))} if problem.wait else {}
    return JSONResponse({"error": problem.message}, problem.status, headers)


class Middleware:
    """An ASGI application around another.

    Parameters
    ----------
    app
        The routes.
    door
        Who may ask.
    meters
        That count.
    """

    def __init__(self, app: ASGIApp, door: Door, meters: Meters) -> None:
        self._app, self._door, self._meters = app, door, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, request, path, status = time.perf_counter(), Request(scope), scope["path"], 0
        id = request.headers.get("x-request-id", "")[:64] or secrets.token_hex(8)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = id
            await send(message)

        try:
            self._look(request, path)
            await self._app(scope, receive, answer)
        except Exception as error:
            found = _problem(error, id)
            if not status:  # else the answer is under way, and no other can be given
                await refusal(found)(scope, receive, answer)
        spent = time.perf_counter() - begin
        route = "infer" if path.endswith("/infer") else "query" if path.endswith("/query") else "other"
        self._meters.requests.labels(route, str(status)).inc()
        self._meters.seconds.labels(route).observe(spent)
        if route != "other" or status >= 400:
            _log.info(json.dumps({"event": "request", "id": id, "route": route, "status": status,
                                  "ms": round(1000 * spent, 1)}))  # fmt: skip

    def _look(self, request: Request, path: str) -> None:
        """Raises Problem for whoever may not come in, or brings what may not come in."""
        size = sum(len(name) + len(value) for name, value in request.scope["headers"])
        if size + len(path) + len(request.scope["query_string"]) > MOST_HEADER:
            raise Problem(431, f"address and headers have more than {MOST_HEADER:,} bytes, which are read")
        open_to_all = path.startswith("/v2/health") or not path.startswith(("/v2", "/page/attack", "/metrics"))
        token = request.headers.get("authorization", "")
        if not open_to_all and not self._door.lets_in(token):
            raise Problem(401, "a token is needed: Authorization: Bearer TOKEN")
        who = token or (request.client.host if request.client else "")
        if not open_to_all and (wait := self._door.seconds_to_wait(who)):
            raise Problem(429, "too many requests for this token", wait)
        if holds_key(request.headers, request.scope["query_string"]):
            self._meters.keys.inc()
            raise Problem(400, "a key arrived in the headers or the address; it was dropped. Replace that key")


def _problem(error: Any, id: str) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, ImveilError):
        return Problem(400, error.message)
    if isinstance(error, ClientDisconnect):  # half a body: nobody is there to be answered, but it is counted
        return Problem(400, "the client left before its body was whole")
    _log.error("a fault of the service, request %s", id, exc_info=error)
    return Problem(500, f"a fault of the service, see its log for request {id}")


__all__ = ["Middleware", "Problem", "refusal"]

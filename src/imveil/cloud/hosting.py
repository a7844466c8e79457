"""A round over HTTP: the very files' messages, a step after the other. The host adds and trains; it has no key.

    GET  /state     {"done": false, "failed": "", "fingerprint": "...", "step": 0, "steps": 1, "waiting": [recipients]}
                    ?after=STEP: once that step is over, or in two seconds
    GET  /study     the round's file of step 0
    GET  /round     the round's file of this step          GET  /head    the head of the step before, or at the end
    POST /sum       an owner's sum for this step           GET  /total   the total of a blind round, at the end

Everything that came is in a folder, so a host that was stopped goes on where it was. An owner who does not come in time
ends the round, with his name.
"""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from imveil.cloud.summing import add, train
from imveil.errors import BadDestination, BadInput, BadMessage, ImveilError, Mismatch
from imveil.extras import need
from imveil.store.files import write_file
from imveil.store.messages.head import Head
from imveil.store.messages.round import Round
from imveil.store.messages.steps import next_round
from imveil.store.messages.sum import Sum
from imveil.store.messages.table import length
from imveil.store.messages.total import Total

_LONGEST = 2.0  # seconds that a question about the next step may wait for its answer


class Hosted:
    """A round that goes on in a folder. patience: seconds that a step waits for its last owner.   settings: of
    `imveil.cloud.summing.train`.   files: what owners may fetch, by name.

    Raises BadDestination for the folder of another round."""

    def __init__(self, first: Round, folder: Path, *, patience: float = 3600.0, **settings: Any) -> None:
        if first.step:
            raise BadInput("a round is hosted from its first step on")
        self.first = self.round = first
        self.folder, self.patience, self._settings = folder, patience, settings
        self.head: Head | None = None
        self.files: dict[str, bytes] = {"study": first.to_bytes(), "round": first.to_bytes()}
        self.total: Total | None = None
        self.failed, self.done = "", False
        self._sums: dict[str, Sum] = {}
        self._lock, self._since = threading.Lock(), time.monotonic()
        try:
            folder.mkdir(exist_ok=True)
            mine = folder / "study.round"
            if not mine.exists():
                write_file(mine, self.files["study"], sync=True)
            elif mine.read_bytes() != self.files["study"]:
                raise BadDestination(f"{folder} holds another round", hint="name another folder")
        except OSError as error:
            raise BadDestination(f"{folder} cannot be written: {error.strerror or error}") from error
        self._resume()

    def state(self) -> dict[str, Any]:
        """Where the round is, as JSON."""
        with self._lock:
            waiting = [] if self.done else [owner for owner in self.round.owners if owner not in self._sums]
            if waiting and not self.failed and time.monotonic() - self._since > self.patience:
                self.failed = f"{waiting[0]} sent no sum for step {self.round.step + 1}: make a new round without it"
            return {
                "done": self.done, "failed": self.failed, "fingerprint": self.first.fingerprint,
                "step": self.round.step, "steps": self.round.steps, "waiting": waiting,
            }  # fmt: skip

    def accept(self, data: bytes) -> None:
        """Take a sum. The same one again is fine. Raises BadMessage, Mismatch, BadInput where it does not belong."""
        with self._lock:
            if self.done or self.failed:
                raise BadInput(self.failed or "the round is over")
            one = Sum.from_bytes(data, self.round)
            known = self._sums.get(one.owner)
            if known is not None:
                if known.to_bytes(self.round) != data:
                    raise Mismatch(f"{one.owner} sent another sum for this step before: only the first counts")
                return
            write_file(self._place(one.owner), data, sync=False)
            self._take(one)

    def _take(self, one: Sum) -> None:
        self._sums[one.owner] = one
        if len(self._sums) < len(self.round.owners):
            return
        total = add(list(self._sums.values()), self.round)
        if self.round.blind:
            self.total, self.done, self.files["total"] = total, True, total.to_bytes()
            write_file(self.folder / "study.total", self.files["total"], sync=True)
            return
        try:
            self.head = train(total, start=self.head, **self._settings)
        except ImveilError as error:
            self.failed = str(error)
            return
        self.files["head"] = self.head.to_bytes()
        last = self.round.step + 1 >= self.first.steps
        # The sums are in the folder, and give each head again: only the last has to outlive a fall of the machine.
        write_file(self.folder / "head.safetensors", self.files["head"], sync=last)
        write_file(self.folder / "head.card", self.head.card.to_bytes(), sync=last)
        self.done = last
        if not self.done:
            self.round = next_round(self.round, self.head)
            self.files["round"] = self.round.to_bytes()
            self._sums, self._since = {}, time.monotonic()

    def _resume(self) -> None:
        """Take the sums that lie in the folder, step by step, as if they came now."""
        while not (self.done or self.failed):
            step, found = self.round.step, [self._place(owner) for owner in self.round.owners]
            for path in found:
                if path.exists() and self.round.step == step and not self.done:
                    try:
                        self._take(Sum.read(path, self.round))
                    except BadMessage:  # a host that was killed while it wrote
                        path.unlink()
            if self.round.step == step:
                return

    def _place(self, owner: str) -> Path:
        return self.folder / f"{self.round.step:05d}-{owner[-16:]}.sum"


def app(hosted: Hosted) -> Any:
    """The round as an ASGI application. Raises MissingExtra without FastAPI."""
    fastapi = need("fastapi", "serve", "a hosted round")
    made = fastapi.FastAPI(title="imveil round", docs_url=None, redoc_url=None, openapi_url=None)
    most = 8 * length(hosted.first) + (1 << 16)
    moved = asyncio.Condition()

    async def get_state(after: int = -1) -> dict[str, Any]:
        def over() -> bool:
            return hosted.done or bool(hosted.failed) or hosted.round.step > after

        try:
            async with asyncio.timeout(min(_LONGEST, hosted.patience)), moved:
                await moved.wait_for(over)
        except TimeoutError:
            pass
        return hosted.state()

    def file(name: str) -> Any:
        async def get() -> Any:
            if name not in hosted.files:
                raise fastapi.HTTPException(404, "not there yet")
            return fastapi.Response(hosted.files[name], media_type="application/octet-stream")

        return get

    async def post_sum(request: Any) -> Any:
        data = b""
        async for piece in request.stream():
            data += piece
            if len(data) > most:
                raise fastapi.HTTPException(413, f"a sum of this round has at most {most} bytes")
        try:
            hosted.accept(data)
        except ImveilError as error:
            raise fastapi.HTTPException(422, str(error)) from error
        async with moved:
            moved.notify_all()
        return {"taken": True}

    post_sum.__annotations__["request"] = fastapi.Request
    made.get("/state")(get_state)
    for name in ("study", "round", "head", "total"):
        made.get(f"/{name}")(file(name))
    made.post("/sum")(post_sum)
    return made


def serve(hosted: Hosted, bind: str, port: int, linger: float = 5.0) -> None:
    """Serve a round until it is over, and `linger` seconds more so that owners can take the head."""
    uvicorn = need("uvicorn", "serve", "a hosted round")
    server = uvicorn.Server(uvicorn.Config(app(hosted), host=bind, port=port, log_level="warning"))

    def watch() -> None:
        while not server.should_exit:
            state = hosted.state()
            if state["done"] or state["failed"]:
                time.sleep(linger)
                server.should_exit = True
            time.sleep(0.2)

    threading.Thread(target=watch, name="imveil-round", daemon=True).start()
    server.run()

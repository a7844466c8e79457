"""The routes: the Open Inference Protocol v2 over HTTP, encrypted queries, metrics, and the page where it is wanted.

Health and metadata need no body; `infer` takes JSON tensors and binary ones, and gives both. Errors are the protocol's
object, {"error": "..."}. No picture, label or key is written to a log.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route

from imveil import __version__
from imveil.cloud.prediction import predict_logits
from imveil.cloud.serve.batching import Batcher, Busy
from imveil.cloud.serve.cores import Cores
from imveil.cloud.serve.guard import Door, TooLarge, TooSlow, holds_key
from imveil.cloud.serve.interception import Interception
from imveil.cloud.serve.meters import Meters
from imveil.cloud.serve.middleware import Middleware, Problem, refusal
from imveil.cloud.serve.repository import Repository, Served
from imveil.errors import BadMessage, Mismatch, shown
from imveil.statuses import measured, ways
from imveil.store.messages import inference
from imveil.store.messages.inference import HEADER, Asked, Tensor

EXTENSIONS = ["binary_tensor_data", "model_repository(index)"]
LOOK_EVERY = 2.0  # seconds between looks at the files of the models
MOST_IMAGES = 4096  # of one request
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
         ".png": "image/png"}  # fmt: skip
_HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache"}  # fmt: skip
_log = logging.getLogger("imveil.serve")


@dataclass(frozen=True)
class Options:
    """How the service answers. door: who may ask.   page: whether the page is there.   batch: images computed at once.
    waiting: images that may wait before others are sent away."""

    door: Door
    page: bool = False
    batch: int = 256
    waiting: int = 4096


def service(repository: Repository, options: Options) -> FastAPI:
    """The application, ready for any ASGI server."""
    meters, seen = Meters(), Interception()
    nets = [one.model.net for one in repository.models.values() if one.model is not None]
    elsewhere = any(parameter.device.type != "cpu" for net in nets for parameter in net.parameters())
    cores = Cores(1 if elsewhere else None)  # a graphics card computes one batch at a time
    batchers: dict[str, tuple[str, Batcher]] = {}
    leaving: set[asyncio.Task[None]] = set()

    async def watch() -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for name in await asyncio.to_thread(repository.refresh):
                _log.info(json.dumps({"event": "reloaded", "model": name, "version": repository[name].version}))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch())
        yield
        watching.cancel()
        for _version, batcher in list(batchers.values()):
            await batcher.drain()
        await asyncio.gather(*leaving)
        cores.close()

    app = FastAPI(title="imveil", version=__version__, lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Middleware, door=options.door, meters=meters)

    def named(name: str, version: str = "") -> Served:
        served = repository.models.get(name)
        if served is None:
            there = ", ".join(sorted(repository.models))
            raise Problem(404, f"no model is called {shown(name)[:80]}; there are {there}")
        if version and version != served.version:
            raise Problem(404, f"{name} has version {served.version}, not {shown(version)[:80]}")
        return served

    def batcher_of(served: Served) -> Batcher:
        version, batcher = batchers.get(served.name, ("", None))
        if batcher is None or version != served.version:
            assert served.model is not None
            net = served.model.net
            if batcher is not None:  # of the file as it was: it answers what it has, and ends
                leaving.add(task := asyncio.create_task(batcher.drain()))
                task.add_done_callback(leaving.discard)
            batcher = Batcher(
                lambda images: predict_logits(net, images), cores, most=options.batch, waiting=options.waiting
            )
            batchers[served.name] = served.version, batcher
        return batcher

    @app.exception_handler(HTTPException)
    async def no_route(request: Request, error: HTTPException) -> Response:
        there = f"{request.method} {shown(request.url.path)[:80]}"
        words = {404: f"there is no {there}", 405: f"{there} is not taken; {(error.headers or {}).get('Allow', '')} is"}
        return refusal(Problem(error.status_code, words.get(error.status_code, shown(error.detail))))

    @app.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.get("/v2")
    async def server() -> dict[str, Any]:
        return {"name": "imveil", "version": __version__, "extensions": EXTENSIONS}

    @app.post("/v2/repository/index")
    async def index() -> list[dict[str, str]]:
        models = repository.models.values()
        return [{"name": one.name, "version": one.version, "state": "READY", "reason": ""} for one in models]

    @app.get("/v2/models/{name}")
    @app.get("/v2/models/{name}/versions/{version}")
    async def metadata(name: str, version: str = "") -> JSONResponse:
        return JSONResponse(named(name, version).metadata())

    @app.get("/v2/models/{name}/ready")
    @app.get("/v2/models/{name}/versions/{version}/ready")
    async def model_ready(name: str, version: str = "") -> dict[str, Any]:
        return {"name": named(name, version).name, "ready": True}

    async def infer(request: Request) -> Response:
        name = request.path_params["name"]
        served = named(name, request.path_params.get("version", ""))
        if served.model is None:
            raise Problem(400, f"{name} is a head of the private path: ask it at /v2/models/{name}/query")
        asked = await _asked(request, options.door, meters)
        images = _images(asked, served)
        if options.page:
            seen.keep(name, asked.id.rpartition("/")[0], images)
        batcher = batcher_of(served)
        meters.waiting.labels(name).set(batcher.waiting)
        try:
            logits = await batcher.submit(images)
        except Busy as error:
            raise Problem(503, "too many images are waiting, try again in a moment", 1.0) from error
        meters.images.labels(name).inc(len(images))
        outputs = _outputs(logits, served, asked)
        binary = {one.name: asked.wanted.get(one.name, asked.binary) for one in outputs}
        body, headers = inference.response(name, served.version, outputs, binary, asked.id)
        return Response(body, headers=headers)

    for path in ("/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer"):
        app.router.routes.insert(0, Route(path, infer, methods=["POST"]))  # nothing of FastAPI's to be paid on this way

    @app.post("/v2/models/{name}/query")
    async def query(request: Request, name: str) -> Response:
        served = named(name)
        if served.head is None:
            raise Problem(400, f"{name} is no head of the private path: ask it at /v2/models/{name}/infer")
        data = await _body(request, options.door, meters, text=0)
        from imveil.cloud.querying import answer

        found = await asyncio.to_thread(answer, data, served.head)
        return Response(found.to_bytes(), media_type="application/octet-stream")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(meters.text(), media_type="text/plain; version=0.0.4")

    if options.page:
        _add_page(app, repository, seen, named, options, meters)
    return app


def _add_page(
    app: FastAPI, repository: Repository, seen: Interception, named: Callable[[str], Served], options: Options,
    meters: Meters,
) -> None:  # fmt: skip
    home = files("imveil.cloud.serve") / "page"
    there = {file.name: file.read_bytes() for file in home.iterdir() if file.is_file()}
    one_at_a_time = asyncio.Lock()

    @app.get("/page/facts")
    async def facts() -> dict[str, Any]:
        models = [one for one in repository.models.values() if one.model is not None]
        heads = [one.name for one in repository.models.values() if one.head is not None]
        schemes = [one.metadata()["parameters"] for one in models]
        served = [(one["scheme"], one["fields"]) for one in schemes]
        others = [one for one in measured() if (one["scheme"], one["fields"]) not in served]
        return {"models": [one.name for one in models], "schemes": [*schemes, *others], "heads": heads,
                "costs": ways("costs"), "private": ways("private")}  # fmt: skip

    @app.post("/page/attack")
    async def attack(request: Request) -> dict[str, Any]:
        try:
            said = json.loads(await _body(request, options.door, meters))
        except (ValueError, RecursionError):
            said = None
        model, session, count = (
            (said.get(key) for key in ("model", "session", "images")) if isinstance(said, dict) else "   "
        )
        if not (isinstance(model, str) and isinstance(session, str) and type(count) is int):
            raise Problem(400, 'an attack is asked for as {"model": NAME, "session": ID, "images": NUMBER}')
        served = named(model)
        if served.model is None:
            raise Problem(400, f"{model} is a head: its queries are encrypted, and no attack reads them")
        async with one_at_a_time:
            return await asyncio.to_thread(seen.play, model, session, served.model.info, count)

    @app.get("/{file}")
    @app.get("/")
    async def page(file: str = "index.html") -> Response:
        if file not in there:
            raise Problem(404, f"there is no page {shown(file)[:80]}")
        kind = _PAGE.get(file[file.rfind(".") :], "application/octet-stream")
        return Response(there[file], media_type=kind, headers=_HEADERS)


async def _body(request: Request, door: Door, meters: Meters, text: int | None = None) -> bytes:
    try:
        body = await door.body(request)
    except TooLarge as error:
        raise Problem(413, error.message) from error
    except TooSlow as error:
        raise Problem(408, error.message) from error
    if holds_key({}, body, text):
        meters.keys.inc()
        raise Problem(400, "a key arrived in the body; it was dropped. It is the owner's alone: replace that key")
    return body


async def _asked(request: Request, door: Door, meters: Meters) -> Asked:
    said = request.headers.get(HEADER)
    if said is not None and not (said.isascii() and said.isdigit() and len(said) < 20):
        raise Problem(400, f"{HEADER} is a number of bytes, got {shown(said)[:40]}")
    length = None if said is None else int(said)
    try:
        return inference.read_request(await _body(request, door, meters, length), length)
    except BadMessage as error:
        raise Problem(400, f"{error.message}{f' ({error.hint})' if error.hint else ''}") from error


def _images(asked: Asked, served: Served) -> Any:
    """The cipher images of a request, checked against the model. Raises Problem with both values."""
    assert served.model is not None
    info = served.model.info
    if len(asked.inputs) != 1 or asked.inputs[0].name != "images":
        names = ", ".join(shown(one.name)[:40] for one in asked.inputs)
        raise Problem(400, f"one input called images was needed, {names} came")
    [tensor] = asked.inputs
    if tensor.datatype != served.datatype:
        raise Problem(400, f"the model takes images of {served.datatype}, {tensor.datatype} came")
    h, w, c = info.shape
    if tensor.data.ndim != 4 or tensor.shape[1:] != (h, w, c) or not 1 <= tensor.shape[0] <= MOST_IMAGES:
        raise Problem(400, f"the model takes images [1 to {MOST_IMAGES}, {h}, {w}, {c}], {list(tensor.shape)} came")
    if tensor.datatype == "FP32" and not np.isfinite(tensor.data).all():
        raise Problem(400, "the images hold NaN or infinity")
    says = {**asked.parameters, **tensor.parameters}
    try:
        if "scheme" in says:
            fields = says.get("fields", info.fields)
            fields = json.loads(fields) if isinstance(fields, str) else fields
            key = says.get("key", info.fingerprint)
            info.check(str(says["scheme"]), fields, str(key), "the query")
    except (Mismatch, ValueError, AttributeError, TypeError) as error:
        raise Problem(400, getattr(error, "message", "the query's fields are not JSON")) from error
    return tensor.data


def _outputs(logits: Any, served: Served, asked: Asked) -> list[Tensor]:
    assert served.model is not None
    classes = served.model.info.classes
    if not np.isfinite(logits).all():
        raise Problem(500, "the model answers with NaN: it has diverged")
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    labels = np.array([[classes[k]] for k in logits.argmax(axis=1)], object)
    made = {
        "logits": Tensor("logits", "FP32", logits.astype(np.float32)),
        "probabilities": Tensor("probabilities", "FP32", shares),
        "labels": Tensor("labels", "BYTES", labels),
    }
    wanted = list(asked.wanted) or list(made)
    if unknown := [name for name in wanted if name not in made]:
        raise Problem(400, f"the model has outputs {', '.join(made)}, not {shown(unknown[0])[:60]}")
    return [made[name] for name in wanted]


__all__ = ["Options", "Problem", "service"]

"""What a served model costs: one picture, 64 clients, throughput; cipher images beside plain ones, in the same rounds.

usage: python benchmarks/serving.py [--small] [--record]

Both kinds go to one server over loopback, to the same net, in turn: a plain picture as it is, and a picture that is
encrypted first, which is counted. Milliseconds by the clock, so measure on a quiet machine; the ratio holds on a busy
one. Also 1,000 pictures by `owner.ask`, and images a second in batches of 32 beside the bare model. About four minutes;
--small is a minute, to see that it works. --record appends the numbers to records/serving.jsonl.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import torch

import imveil
from imveil import owner, record
from imveil.cloud.classifier import Classifier
from imveil.cloud.modelfile import Model, ModelInfo, load_model
from imveil.cloud.prediction import predict_logits
from imveil.cloud.training.settings import Settings
from imveil.store.messages import inference

SMALL = "--small" in sys.argv
KEY = imveil.Key(bytes(32))
SCHEME = imveil.find("etc/1")
NETS = {32: ("cnn", 400, 10), 224: ("resnet18", 150, 4)}  # side: net, rounds, requests of each of the 64 clients
CLIENTS, BATCH, AT_ONCE = 64, 32, 4


def main() -> None:
    """Measure, print, and record where that is asked for."""
    SCHEME.encrypt(some(32, 2048), KEY)  # a client that has worked for a while: its loops are compiled
    with tempfile.TemporaryDirectory() as folder:
        files = [made(Path(folder), side, kind) for side in NETS for kind in ("plain", "cipher")]
        with Served(files) as server:
            for side in NETS:
                one_picture(server, side)
                many_clients(server, side)
                throughput(server, side, Path(folder))
            thousand(server)


def made(folder: Path, side: int, kind: str) -> Path:
    """A model of pictures of this side, its weights drawn at random: what it answers is not asked here."""
    torch.manual_seed(0)
    settings = Settings(model=NETS[side][0])
    shape = (side, side, 3)
    scheme = SCHEME if kind == "cipher" else imveil.find("plain/1")
    info = ModelInfo(
        scheme=scheme.id, fields=scheme.config(), traits={"dtype": "uint8", "per_image": False}, shape=shape,
        fingerprint=KEY.fingerprint, classes=[f"class{k}" for k in range(10)], mean=(0.0,), std=(1.0,),
        settings=settings, images=1,
    )  # fmt: skip
    file = folder / f"{kind}{side}.safetensors"
    Model(Classifier.of(settings, 10, shape).eval(), info).save(file)
    return file


class Served:
    """`imveil serve` with some models, in a process of its own."""

    def __init__(self, files: list[Path]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "imveil", "serve", *map(str, files), "--port", str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self) -> Served:
        while self.process.poll() is None:
            try:
                httpx.get(f"{self.url}/v2/health/ready", timeout=1)
                return self
            except httpx.TransportError:
                time.sleep(0.2)
        raise SystemExit("the server did not start")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def client(self) -> httpx.Client:
        """A connection that stays open, as a client's does."""
        return httpx.Client(base_url=self.url, timeout=120)


def asking(client: httpx.Client, side: int, kind: str, pictures: Any, *, ready: bool = False) -> Callable[[], None]:
    """One request about some pictures, encryption and reading of the answer included.   ready: they are encrypted."""

    def ask() -> None:
        images = pictures if ready or kind == "plain" else SCHEME.encrypt(pictures, KEY).images
        body, headers = inference.request("images", images, outputs=["probabilities"])
        answer = client.post(f"/v2/models/{kind}{side}/infer", content=body, headers=headers)
        answer.raise_for_status()
        inference.read_response(answer.content, int(answer.headers[inference.HEADER]))

    return ask


def some(side: int, n: int) -> Any:
    """Pictures (n, side, side, 3)."""
    return np.random.default_rng(side).integers(0, 256, (n, side, side, 3), np.uint8)


def seconds(thing: Callable[[], None]) -> float:
    """That it takes."""
    begin = time.perf_counter()
    thing()
    return time.perf_counter() - begin


def one_picture(server: Served, side: int) -> None:
    """p50 and p99 of one picture at a time."""
    rounds = NETS[side][1] // (20 if SMALL else 1)
    with server.client() as client:
        ways = {kind: asking(client, side, kind, some(side, 1)) for kind in ("plain", "cipher")}
        for ask in ways.values():
            for _ in range(5):
                ask()
        found: dict[str, list[float]] = {kind: [] for kind in ways}
        for turn in range(rounds):
            for kind in sorted(ways, reverse=bool(turn % 2)):
                found[kind].append(1000 * seconds(ways[kind]))
    both(f"one picture of {side} px", side, found, page=True)


def many_clients(server: Served, side: int) -> None:
    """p50 and p99 of one picture where 64 clients ask at once, in turn plain and cipher."""
    each = max(1, NETS[side][2] // (5 if SMALL else 1))
    found: dict[str, list[float]] = {"plain": [], "cipher": []}

    def client(number: int) -> None:
        with server.client() as line:
            for turn in range(2 * each):
                kind = ("plain", "cipher")[(number + turn) % 2]
                found[kind].append(1000 * seconds(asking(line, side, kind, some(side, 1))))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    both(f"one picture of {side} px, {CLIENTS} clients", side, found)


def throughput(server: Served, side: int, folder: Path) -> None:
    """Images a second in requests of 32, beside the bare model in batches of 32, in turn: cipher images that are there
    already, and encrypted for each request by clients on the same cores."""
    net, images = load_model(folder / f"cipher{side}.safetensors").net, some(side, BATCH)
    cipher = SCHEME.encrypt(images, KEY).images
    requests = 4 if SMALL else 24 if side == 32 else 3
    count = requests * AT_ONCE
    bare: list[float] = []
    served: dict[str, list[float]] = {"": [], ", encrypted before": []}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lines = [server.client() for _ in range(AT_ONCE)]
        given = ((images, False), (cipher, True))
        ways = [[asking(line, side, "cipher", those, ready=ready) for line in lines] for those, ready in given]
        for way in ways:
            list(pool.map(_call, way))
        for _ in range(2 if SMALL else 15 if side == 32 else 5):
            bare.append(count * BATCH / seconds(lambda: [predict_logits(net, cipher) for _ in range(count)]))
            for way, found in zip(ways, served.values(), strict=True):
                found.append(count * BATCH / seconds(lambda w=way: list(pool.map(_call, w * requests))))
        for line in lines:
            line.close()
    for what, found in served.items():
        name = f"images of {side} px a second, requests of {BATCH}{what}"
        keep(name, {"side": side}, sorted(found), "images/s", sorted(bare))


def _call(way: Callable[[], None]) -> None:
    way()


def thousand(server: Served) -> None:
    """1,000 pictures of 32 px by `owner.ask`, its first look at the model included."""
    pictures = some(32, 1000)
    owner.ask(server.url, pictures[:64], KEY, model="cipher32")
    times = sorted(
        seconds(lambda: owner.ask(server.url, pictures, KEY, model="cipher32")) for _ in range(1 if SMALL else 5)
    )
    keep("1,000 pictures of 32 px by owner.ask", {"side": 32}, times, "s")


def both(what: str, side: int, found: dict[str, list[float]], page: bool = False) -> None:
    """p50 and p99 of the two ways."""
    for part, share in (("p50", 0.5), ("p99", 0.99)):
        facts = {"side": side, "part": part, **({"page": True} if page and part == "p50" else {})}
        values = {kind: sorted(times) for kind, times in found.items()}
        at = [float(np.quantile(values[kind], share)) for kind in ("cipher", "plain")]
        keep(f"{what}, {part}", facts, values["cipher"], "ms", values["plain"], *at)


def keep(
    what: str, facts: dict[str, Any], values: list[float], unit: str, plain: list[float] | None = None,
    value: float | None = None, beside: float | None = None,
) -> None:  # fmt: skip
    """Print a number, and record it where that is asked for."""
    value = values[len(values) // 2] if value is None else value
    facts = {"what": what, **facts, "scheme": SCHEME.id}
    if plain:
        beside = plain[len(plain) // 2] if beside is None else beside
        facts |= {"plain": round(beside, 4), "ratio": round(value / beside, 4)}
    ratio = f"   {facts['plain']:10.2f} beside, ratio {facts['ratio']:.3f}" if plain else ""
    print(f"{what:55} {value:10.2f} {unit}{ratio}   n={len(values)}", flush=True)
    if "--record" in sys.argv:
        digest = record.digest_of({"kind": "serving", "what": what})
        record.append(record.measured(
            kind="serving", name=what, digest=digest, facts=facts, value=value, unit=unit, n=len(values), low=values[0],
            high=values[-1], seconds=0.0,
        ))  # fmt: skip


if __name__ == "__main__":
    main()

"""What the private path costs beside the encoder: an owner's sums and masks, and encrypted queries. Into records/.

Processor time of this process, the median of the rounds; bytes as the files have them.
Usage: python benchmarks/private.py
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from uvicorn import Config, Server

from imveil import record
from imveil.cloud.hosting import Hosted, app
from imveil.cloud.querying import answer
from imveil.keys import masks
from imveil.keys.ledger import Ledger
from imveil.keys.sharing import Identity
from imveil.owner.asking.encrypted import ask, open_answer, small
from imveil.owner.encoders.base import Facts
from imveil.owner.joining import Host, fetch_round, join
from imveil.owner.rounds import new_round, privacy_of
from imveil.owner.summing import Prepared, release
from imveil.store.messages.head import Card, Head
from imveil.store.messages.round import Features
from imveil.store.messages.sum import Sum
from imveil.store.messages.table import length

ROUNDS = 7


def timed(call: Callable[[], Any], rounds: int = ROUNDS) -> tuple[list[float], Any]:
    """Milliseconds of processor time of each round, and the last result."""
    call()
    found, result = [], None
    for _ in range(rounds):
        began = time.process_time()
        result = call()
        found.append(1e3 * (time.process_time() - began))
    return found, result


def note(what: str, values: list[float], unit: str, n: int, **facts: Any) -> None:
    """One record, and a line."""
    facts = {"job": facts.pop("job"), "what": what, **facts}
    record.append(record.measured(
        kind="private", name=f"{facts['job']} dim {facts['dim']} {what}", digest=record.digest_of(facts), facts=facts,
        value=round(median(values), 4), unit=unit, n=n, low=min(values), high=max(values), seconds=sum(values) / 1e3,
    ))  # fmt: skip
    print(f"{facts}: {median(values):.3f} {unit} ({min(values):.3f} to {max(values):.3f})", flush=True)


def masks_cost(dim: int, owners: int) -> None:
    """An owner's masks and message, beside encoder and sums."""
    people = [Identity.generate() for _ in range(owners)]
    classes, names = [str(i) for i in range(10)], [one.recipient for one in people]
    round_ = new_round(classes, Facts("made", "0" * 64, dim), names, dim=dim, told=True, least=100, small=True)
    words = np.arange(length(round_), dtype=np.uint64)

    def one() -> bytes:
        under = words + masks.pairwise(people[0], round_.owners, round_.digest, 0, len(words))
        return Sum(people[0].recipient, under).to_bytes(round_)

    values, data = timed(one)
    note("an owner's masks and message", values, "ms", ROUNDS, job="masks", dim=dim, owners=owners)
    note("a sum's file", [len(data) / 1e6], "MB", 1, job="masks", dim=dim, owners=owners)


def queries(dim: int, pictures: int, bulk: bool) -> None:
    """Owner, cloud, owner, and bytes, a picture; exact on all of them."""
    encoder = {"name": "made", "weights": "0" * 64, "width": dim}
    features = Features.model_validate(
        {"encoder": encoder, "projection": {"kind": "none", "digest": "0" * 64}, "dim": dim}
    )
    card = Card(features=features, classes=[str(i) for i in range(10)], method="ridge", study="", steps=1, pictures=1,
                owners=1)  # fmt: skip
    rng = np.random.default_rng(dim)
    head = Head(rng.normal(size=(dim + 1, 10)), card)
    z = rng.normal(size=(pictures, dim + 1))
    z = np.trunc(z / np.linalg.norm(z, axis=1, keepdims=True) * 4096).astype(np.int64)
    names = [str(i) for i in range(pictures)]
    rounds = 1 if bulk else ROUNDS
    facts = {"job": "query", "dim": dim, "pictures": pictures, "bulk": bulk}
    asking, asked = timed(lambda: ask(z, names, head.card, bulk=bulk), rounds)
    answering, answered = timed(lambda: answer(asked.query, head).to_bytes(), rounds)
    opening, opened = timed(lambda: open_answer(answered, asked.secret), rounds)
    exact = bool((opened.whole == small(z)[0] @ head.small()).all())
    for what, values in (("to ask", asking), ("to answer", answering), ("to open", opening)):
        note(what, [v / pictures for v in values], "ms a picture", rounds, exact=exact, budget=opened.budget, **facts)
    note("up", [len(asked.query) / pictures / 1e3], "kB a picture", 1, **facts)
    note("down", [len(answered) / pictures / 1e3], "kB a picture", 1, **facts)


def hosted(dim: int, owners: int, steps: int) -> None:
    """A round of many steps over HTTP on this machine: host and owners in one process, a hundred pictures each."""
    people, encoder = [Identity.generate() for _ in range(owners)], Facts("made", "0" * 64, dim)
    round_ = new_round([str(i) for i in range(10)], encoder, [one.recipient for one in people], dim=dim, steps=steps,
                       method="gradient", least=100, small=True, privacy=privacy_of(2.0, 1e-5, owners))  # fmt: skip
    rng = np.random.default_rng(0)
    z = rng.normal(size=(100, dim + 1))
    z = np.trunc(z / np.linalg.norm(z, axis=1, keepdims=True) * 4096).astype(np.int64)
    ready = Prepared(z, np.arange(100) % 10, np.arange(100, dtype=np.uint64), [])
    with tempfile.TemporaryDirectory() as place:
        server = Server(Config(app(Hosted(round_, Path(place) / "host")), host="127.0.0.1", port=0, log_level="error"))
        began, used = time.perf_counter(), time.process_time()
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.01)
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

        def owner(one: Identity) -> None:
            ledger = Ledger(one, Path(place) / one.recipient, Path(place) / f"{one.recipient}.mark")
            with Host(address) as host:
                join(host, fetch_round(host, round_.fingerprint), one.recipient, lambda step, head: release(
                    ready, step, one, ledger, head=head).sum.to_bytes(step))  # fmt: skip

        with ThreadPoolExecutor(owners) as pool:
            list(pool.map(owner, people))
        wall, processor = time.perf_counter() - began, time.process_time() - used
        server.should_exit = True
    facts = {"job": "hosted", "dim": dim, "owners": owners, "steps": steps}
    note("all steps over HTTP", [wall], "s", 1, **facts)
    note("the same, processor time of all", [processor], "s", 1, **facts)


if __name__ == "__main__":
    masks_cost(1280, 10)
    masks_cost(192, 10)
    for dim in (192, 512, 1279):
        queries(dim, 1, False)
    queries(192, 4096, True)
    hosted(1280, 10, 100)

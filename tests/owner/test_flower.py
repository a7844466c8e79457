"""The recipe of docs/flower.md, as it stands there, with owners in this process: the head is that of the clear sums."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr")

from flwr.app import Context, Message, RecordDict
from flwr.server import ServerConfig
from flwr.server.compat.legacy_context import LegacyContext
from flwr.serverapp.grid import Grid
from flwr.supercore import task_identity

from imveil.cloud.summing import train
from imveil.store.messages.table import moments
from imveil.store.messages.total import Total
from private import made_round

PAGE = Path(__file__).parents[2] / "docs" / "flower.md"


class Here(Grid):
    """Owners in this process: a message goes to an app, its reply comes back."""

    def __init__(self, apps: dict[int, Any]) -> None:
        self.apps = apps
        self.contexts = {node: Context(1, node, {}, RecordDict(), {}) for node in apps}
        self.seen: list[Message] = []

    def set_run(self, run: Any) -> None:
        """Nothing to set."""

    @property
    def run(self) -> Any:
        return type("Run", (), {"run_id": 1})

    def create_message(self, *_: Any, **__: Any) -> Message:
        raise NotImplementedError

    push_messages = pull_messages = create_message  # type: ignore[assignment]

    def get_node_ids(self) -> list[int]:
        return list(self.apps)

    def send_and_receive(self, messages: Any, *, timeout: float | None = None) -> list[Message]:
        del timeout
        replies = []
        for one in messages:
            node = one.metadata.dst_node_id
            reply = self.apps[node](deepcopy(one), self.contexts[node])  # a network would copy it
            reply.metadata.__dict__["_src_node_id"] = node
            replies.append(reply)
        self.seen += replies
        return replies


def test_the_recipe_gives_the_clear_head(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_run_id", "_task_id", "_node_id"):  # who runs in a process says so; here nobody started one
        monkeypatch.setattr(task_identity.TaskIdentity, name, 1, raising=False)
    code: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, code)
    rng, round_ = np.random.default_rng(0), made_round(3, width=8)
    labels = [rng.integers(0, 3, 40 + 10 * i) for i in range(3)]
    rows = []
    for own in labels:
        z = rng.normal(size=(len(own), 8)) + 2 * np.eye(8)[own]
        z *= np.sqrt(1 - 0.09) / np.linalg.norm(z, axis=1, keepdims=True)
        rows.append(np.trunc(np.c_[z, np.full(len(z), 0.3)] * 4096).astype(np.int64))
    count = sum(map(len, labels))
    apps = {i + 1: code["client_app"](code["Owner"](round_, rows[i], labels[i])) for i in range(3)}
    strategy = code["Heads"](round_, 3, count)
    context = LegacyContext(Context(1, 0, {}, RecordDict(), {}), ServerConfig(num_rounds=1), strategy)
    code["workflow"](100)(Here(apps), context)
    clear = train(Total(round_, moments(np.concatenate(rows), np.concatenate(labels), round_)))
    assert np.abs(strategy.head.weights - clear.weights).max() < 1e-3
    z = np.concatenate(rows)
    assert (strategy.head.scores(z).argmax(axis=1) == clear.scores(z).argmax(axis=1)).mean() > 0.98

"""Five mistakes that are easily made, planted in the code one at a time: at least two witnesses must see each.

The witnesses are the slow reference, other people's bytes and our golden bytes, by the very tests that run on the code
as it is. (Laws are no help here: each of these mistakes gives a scheme that obeys them, only another one.)
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import imveil
import witnesses
from imveil.plans import blocks
from imveil.schemes import _blocks
from imveil.schemes import base as base


class Bug(NamedTuple):
    """A function, a piece of its source and what stands there by mistake; a scheme and a file of peers that use it."""

    function: Callable[..., Any]
    right: str
    wrong: str
    scheme: str
    peer: str


BUGS = {
    "rotation direction": Bug(
        _blocks.turned, "np.rot90(blocks[mine], quarters", "np.rot90(blocks[mine], -quarters", "etc/1", "etc-32"
    ),
    "low and high nibble": Bug(
        blocks.nibble_blocks, "np.concatenate([low, low + 1]", "np.concatenate([low + 1, low]", "ele/1", "ele-32"
    ),
    "off by one in a permutation": Bug(
        type(imveil.find("shf/1")).plan_from_material,
        'permutation("perm", perm, size)]',
        'permutation("perm", perm, size) - 1]',
        "shf/1",
        "shf-32",
    ),
    "colour order": Bug(blocks.recoloured, "orders.reshape(", "np.argsort(orders, axis=1).reshape(", "etc/1", "etc-32"),
    "mask before order": Bug(_blocks.scramble, "negaposi[shuffle] == 0", "negaposi == 0", "etc/1", "etc-48x64-b16"),
}


def plant(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the function the code that it would have had with the mistake; it stays the same object everywhere."""
    module = sys.modules[bug.function.__module__]
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count(bug.right) == 1, f"the code has changed: plant {bug.right!r} anew"
    found: Any = dict(vars(module))
    exec(compile(source.replace(bug.right, bug.wrong), str(module.__file__), "exec"), found)
    for name in bug.function.__qualname__.split("."):
        found = found[name] if isinstance(found, dict) else getattr(found, name)
    monkeypatch.setattr(bug.function, "__code__", found.__code__)


def alarms(bug: Bug) -> list[str]:
    """Those that see something wrong now."""
    assert witnesses.PEERS[bug.peer][0] == bug.scheme
    golden = next(f for f in witnesses.OURS if f.parent.name == bug.scheme.replace("/", "-") and f.stem == "default")
    checks = {
        "the slow reference": lambda: witnesses.slow_reference_agrees(imveil.find(bug.scheme)),
        "other people's bytes": lambda: witnesses.other_peoples_bytes(bug.peer),
        "our golden bytes": lambda: witnesses.our_golden_bytes(golden),
    }
    base._plan.cache_clear()
    seen = []
    for name, check in checks.items():
        try:
            check()
        except AssertionError:
            seen.append(name)
    base._plan.cache_clear()
    return seen


@pytest.mark.parametrize("name", BUGS)
def test_at_least_two_witnesses_see_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alarms(BUGS[name]) == []
    with monkeypatch.context() as planted:
        plant(BUGS[name], planted)
        assert len(alarms(BUGS[name])) >= 2
    assert alarms(BUGS[name]) == []

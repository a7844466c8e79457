"""Hidden labels: the cloud sees class-0, class-1, ... in an order from the key, the owner knows which is which.

    shown name of class i = "class-" || order[i],  order = key.derive("imveil", "labels").stream().permutation(classes)

with as many digits as the last has. The same classes under one key are hidden alike in every data set, so that a model
can be scored on another. How many pictures a class has is not hidden: who knows how frequent classes are can guess.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from imveil.keys.key import Key
from imveil.owner.shards.sealed_table import Row


def order(key: Key, count: int) -> list[int]:
    """The label that stands for each of `count` labels."""
    found: list[int] = key.derive("imveil", "labels").stream().permutation(count).tolist()
    return found


def shown(count: int) -> list[str]:
    """The names that the cloud sees, in the order of its labels.

    >>> shown(11)[:2]
    ['class-00', 'class-01']
    """
    return [f"class-{i:0{len(str(max(count - 1, 0)))}}" for i in range(count)]


def are_hidden(classes: Sequence[str]) -> bool:
    """Whether these are names that stand for others.

    >>> are_hidden(["class-0", "class-1"]), are_hidden(["cat", "dog"])
    (True, False)
    """
    return list(classes) == shown(len(classes))


def hide(rows: Sequence[Row], classes: Sequence[str], key: Key) -> tuple[list[Row], list[str]]:
    """Rows and classes as the cloud sees them."""
    new = order(key, len(classes))
    return [row._replace(label=None if row.label is None else new[row.label]) for row in rows], shown(len(classes))


def digest(classes: Sequence[str], key: Key) -> str:
    """A keyed digest of class names: the same wherever the same classes stand under one key, and nothing to others."""
    return key.derive("imveil", "classes").mac(json.dumps(list(classes), separators=(",", ":")).encode()).hex()


def meaning(classes: Sequence[str], key: Key) -> dict[str, str]:
    """{shown name: class} of hidden classes, in the order that the cloud has.

    Parameters
    ----------
    classes
        The true ones, from the sealed table.
    """
    new = order(key, len(classes))
    return dict(sorted((shown(len(classes))[new[i]], name) for i, name in enumerate(classes)))

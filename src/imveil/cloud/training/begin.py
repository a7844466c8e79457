"""Begin: what a run takes over from another model: weights by name and shape, the head by the names of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imveil.cloud.classifier import Classifier
from imveil.cloud.training.settings import Settings
from imveil.errors import TrainingProblem
from imveil.extras import torch


@dataclass(frozen=True)
class Start:
    """Another net's state. classes, wanted: the names of its classes and of those that are trained on; where neither is
    said they are the same."""

    tensors: Mapping[str, torch.Tensor]
    classes: Sequence[str] = ()
    wanted: Sequence[str] = ()


def take_over(net: Classifier, start: Start, settings: Settings, classes: int) -> str:
    """Put the weights that fit into a net, and say which: a sentence. The rest stays as it is.

    Raises TrainingProblem where less than half of the weights before the head fit.
    """
    own, head = net.state_dict(), head_of(settings, classes, net.shape)
    body = [name for name in own if name.startswith("net.") and name not in head]
    fits = [name for name in body if name in start.tensors and start.tensors[name].shape == own[name].shape]
    if len(fits) < len(body) / 2:
        raise TrainingProblem(
            f"of {len(own)} weights {len(fits)} fit: the model to begin with is another one",
            hint="use its --model, --width and --model-set",
        )
    net.load_state_dict({name: start.tensors[name] for name in fits}, strict=False)
    rows = _rows(start, classes)
    held = len(start.classes) if start.wanted else classes  # rows that the other head must have
    taken = [name for name in head if _put(own[name], start.tensors.get(name), rows, held)]
    said = f"{len(fits)} of {len(body)} weights before the head; "
    if not taken or not rows:
        return said + "the head begins anew; normalisation and adapter are those of these pictures"
    others = [name for k, name in enumerate(start.wanted) if k not in dict(rows)]
    new = f", {', '.join(others[:5])}{', ...' if len(others) > 5 else ''} begin anew" if others else ""
    return (
        said
        + f"the head of {len(rows)} of {classes} classes{new}; normalisation and adapter are those of these pictures"
    )


def head_of(settings: Settings, classes: int, shape: tuple[int, int, int]) -> list[str]:
    """The weights of a net whose shape depends on how many classes there are: a row each class."""
    with torch.device("meta"):
        one, two = (Classifier.of(settings, k, shape).state_dict() for k in (classes, classes + 1))
    return [name for name in one if one[name].shape != two[name].shape]


def _rows(start: Start, classes: int) -> list[tuple[int, int]]:
    """Which row of the head is which row of the other one."""
    if not start.wanted:
        return [(k, k) for k in range(classes)]
    place = {name: k for k, name in enumerate(start.classes)}
    return [(k, place[name]) for k, name in enumerate(start.wanted) if name in place]


@torch.no_grad()
def _put(own: torch.Tensor, other: torch.Tensor | None, rows: list[tuple[int, int]], held: int) -> bool:
    """Copy rows from a tensor that has `held` of them. The tensors of a state are the net's own."""
    if other is None or other.shape[1:] != own.shape[1:] or len(other) != held:
        return False
    for mine, at in rows:
        own[mine] = other[at]
    return True

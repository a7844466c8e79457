"""Key-transformed models: a net trained on plain pictures, changed so that it reads cipher pictures of a key.

For schemes that work on patches, and models whose first layer is one linear map of every patch: the map takes in what
the scheme does inside patches, the embeddings of positions what it does to their order. No training, and the answers
are those of the plain model on plain pictures but for rounding (arXiv 2207.05366, 2308.07612, 2301.03843).

Whoever holds the plain model and the changed one can read the key off them. The owner keeps the plain one.
"""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from imveil.errors import BadField, BadShape
from imveil.keys.key import Key
from imveil.plans.blocks import Shape, grid

F64 = npt.NDArray[np.float64]


@runtime_checkable
class AdaptsModel(Protocol):
    """A scheme that can change a model trained on plain pictures into one for its cipher pictures.

    block: side of its patches.
    """

    id: ClassVar[str]

    @property
    def block(self) -> int:
        """Side of a patch."""

    def adapt(self, model: Any, key: Key) -> Any:
        """A changed copy of `model`; see `adapted` for which models there are. Raises BadField, BadShape."""

    def inside(self, key: Key, shape: Shape) -> tuple[Any, Any]:
        """What `adapted` takes as `inside` and `order`, for pictures of `shape` (h, w, c)."""


def adapted(model: Any, name: str, block: int, inside: F64, order: npt.NDArray[Any] | None) -> Any:
    """A copy of `model` that reads cipher pictures.

    The normalisation goes into the first layer, in float64. Answers are those of the picture as it is: the mean over a
    picture and its mirror image, which models of plain pictures give by default, is switched off, since a mirrored
    cipher picture is not the cipher of a mirrored picture.

    Parameters
    ----------
    model
        As the cloud has them, with `shape` (h, w, c), `mean`, `std` (c,) of its normalisation, no adapter, and a `net`
        whose first layer is a convolution of the stride of its kernel: `net.patch_embed.proj` with `net.pos_embed` (a
        vision transformer with a class token) or `net.embed` (a ConvMixer).
    name
        Of the scheme, for messages.
    block
        Side of its patches.
    inside
        (d, d), what it does to a patch flattened channel, row, column: y = inside @ x.
    order
        Cipher patch i is patch order[i], None where patches stay.

    Raises
    ------
    BadField
        For a model or fields that cannot be adapted.
    BadShape
        Where patches do not tile its pictures.
    """
    changed = copy.deepcopy(model)
    layer, positions = _first(changed, name, block)
    h, w, c = changed.shape
    grid((h, w, c), block)
    if order is not None and positions is None and not hasattr(changed.net, "patch_embed"):
        raise BadField(
            f"{name} with shuffled patches cannot be adapted to a ConvMixer: its convolutions see which patches lie "
            "side by side",
            hint="use --set blocks=false, or a vision transformer",
        )
    mean, std = (_numbers(value)[:, None, None] for value in (changed.mean, changed.std))
    weight, bias = _numbers(layer.weight), _numbers(layer.bias)
    bias = bias - (weight * (mean / std)).sum((1, 2, 3))
    flat = (weight / std).reshape(len(weight), -1)
    _set(layer.weight, (flat @ np.linalg.inv(inside)).reshape(weight.shape))
    _set(layer.bias, bias)
    if order is not None and positions is not None:  # a transformer without positions sees no order
        whole = _numbers(positions)
        whole[:, 1:] = whole[:, 1:][:, order]
        _set(positions, whole)
    _set(changed.mean, np.zeros(c))
    _set(changed.std, np.ones(c))
    changed.mirror = False
    return changed


def readapted(model: Any, scheme: AdaptsModel, old: Key, new: Key) -> Any:
    """A copy of a model that reads cipher pictures of `old`, however it came to it, for those of `new`.

    Raises BadField, BadShape, as `adapted` does.
    """
    shape = shape_of(model)
    (before, first), (after, then) = scheme.inside(old, shape), scheme.inside(new, shape)
    order = None if first is None or then is None else np.argsort(first)[then]
    return adapted(model, scheme.id, scheme.block, after @ np.linalg.inv(before), order)


def shape_of(model: Any) -> Shape:
    """The shape (h, w, c) of the pictures that a model reads."""
    h, w, c = (int(side) for side in model.shape)
    return h, w, c


def _first(model: Any, name: str, block: int) -> tuple[Any, Any]:
    """The layer that reads patches, and the embeddings of positions or None."""
    net = getattr(model, "net", None)
    if getattr(model, "adapter", None) is not None:
        raise BadField("a model with an adapter cannot be adapted again", hint="train one with --adapter none")
    embed = getattr(net, "patch_embed", None)
    layer = embed.proj if embed is not None else getattr(net, "embed", None)
    if layer is None:
        raise BadField(
            f"{name} adapts models that read a picture patch by patch, not a {type(net).__name__}",
            hint="train a vit_tiny, vit_small or convmixer on plain pictures",
        )
    side = int(layer.kernel_size[0])
    if side != block:
        raise BadShape(
            f"the model reads patches of {side}x{side}, {name} has patches of {block}x{block}",
            hint=f"use --set block={side}",
        )
    return layer, getattr(net, "pos_embed", None) if embed is not None else None


def _numbers(tensor: Any) -> F64:
    return np.array(tensor.detach().double().cpu().numpy())


def _set(tensor: Any, values: F64) -> None:
    tensor.data.copy_(tensor.data.new_tensor(values))

"""Bit planes as signs: what an XOR with a fixed mask does to pictures, and what undoes it.

A sample v of eight bits is 127.5 - sum 2^(k-1) x_k with x_k = -1 where bit k is set, else +1. XOR with a mask turns the
signs of some x_k, the same in every picture, so a gain of -1 or +1 for each position and plane undoes it exactly. In
Gray code (v XOR v >> 1), y_7 = x_7 and x_k = y_7 y_6 ... y_k: XOR with a mask still turns signs, and every plane
changes seldom between neighbours, which is what statistics and smoothness live on.
"""

from __future__ import annotations

from imveil.attacks.solvers.pad.gray import gray
from imveil.cloud.adapters.base import Adapter
from imveil.extras import nn, torch

Shape = tuple[int, int, int]
PLANES = 8


class Gains(Adapter):
    """Values 0..255 (n, c, h, w) -> float (n, c, h, w): a gain for each position and plane, all 1 at first.

    gray: gains of the Gray code's planes, so that a value is a sum of products.   shared: one gain for the channels of
    a pixel.   rate: of learning; at 0 gains stay. With gains of -1 and +1 this is an XOR with a mask, either way.

    >>> v = torch.arange(8.0).reshape(1, 1, 2, 4)
    >>> bool((Gains((2, 4, 1))(v) == v).all() and (Gains((2, 4, 1), gray=True)(v) == v).all())
    True
    """

    level: torch.Tensor
    picture = True
    movable = True  # as far as it has learnt the mask

    def __init__(self, shape: Shape, *, gray: bool = False, shared: bool = False, rate: float = 1.0) -> None:
        super().__init__()
        height, width, channels = shape
        self.gray, self.rate = gray, rate
        gain = torch.ones(PLANES, 1 if shared else channels, height, width)
        self.gain = nn.Parameter(gain, requires_grad=rate > 0)
        # How much of each plane is in the sum; only `bits_smooth` changes it.
        self.register_buffer("level", torch.ones(PLANES))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        whole = values.to(torch.uint8)
        if self.gray:
            return _Gray.apply(whole, self.gain, self.level)  # type: ignore[no-any-return,no-untyped-call]
        return _Sum.apply(whole, self.gain)  # type: ignore[no-any-return,no-untyped-call]


def signs(whole: torch.Tensor, plane: int) -> torch.Tensor:
    """Bit `plane` of uint8 values as -1.0 where it is set, else +1.0: then XOR is multiplication.

    >>> signs(torch.tensor([0, 1, 2], dtype=torch.uint8), 0).tolist()
    [1.0, -1.0, 1.0]
    """
    return 1 - (whole >> plane & 1).float() * 2


class _Sum(torch.autograd.Function):
    """127.5 - sum over k of 2^(k-1) gain_k x_k. Written out, so that nothing but the bytes is kept for the way back."""

    @staticmethod
    def forward(ctx, whole, gain):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(whole)
        ctx.shared = gain.shape[1] == 1
        out = torch.full_like(whole, 127.5, dtype=torch.float32)
        for k in range(PLANES):
            out.addcmul_(signs(whole, k), gain[k], value=-(2.0 ** (k - 1)))
        return out

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (whole,) = ctx.saved_tensors
        found = [(signs(whole, k) * grad).sum(0).mul_(-(2.0 ** (k - 1))) for k in range(PLANES)]
        return None, _pooled(torch.stack(found), ctx.shared)


class _Gray(torch.autograd.Function):
    """127.5 - sum over k of 2^(k-1) level_k times the product of gain_j y_j over j >= k, y the signs of the Gray code.

    On the way back from the lowest plane: with p_k that product, the gradient of gain_j is minus the sum over k <= j
    of 2^(k-1) level_k p_k grad, without gain_j.
    """

    @staticmethod
    def forward(ctx, whole, gain, level):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(whole, gain, level)
        code = gray(whole)
        out = torch.full_like(whole, 127.5, dtype=torch.float32)
        product = torch.ones_like(out)
        for k in reversed(range(PLANES)):
            product = product * (signs(code, k) * gain[k])
            out.add_(product * level[k], alpha=-(2.0 ** (k - 1)))
        return out

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        whole, gain, level = ctx.saved_tensors
        code = gray(whole)
        above = [torch.ones_like(grad)]  # the product over j > k, from the top plane down
        for k in reversed(range(1, PLANES)):
            above.append(above[-1] * (signs(code, k) * gain[k]))
        below = torch.zeros_like(grad)  # minus the sum over i < k of 2^(i-1) times the product over i <= j < k
        found = []
        for k in range(PLANES):
            here = below - 2.0 ** (k - 1) * level[k]
            found.append((grad * above[PLANES - 1 - k] * signs(code, k) * here).sum(0))
            below = here * (signs(code, k) * gain[k])
        return None, _pooled(torch.stack(found), gain.shape[1] == 1), None


def _pooled(grad: torch.Tensor, shared: bool) -> torch.Tensor:
    return grad.sum(1, keepdim=True) if shared else grad

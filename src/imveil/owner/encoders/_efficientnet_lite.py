"""EfficientNet-Lite as a torch module, batch normalisation folded into the convolutions.

M. Tan, Q. V. Le, "EfficientNet", ICML 2019; the Lite variant (2020) leaves out squeeze-and-excitation, uses ReLU6, and
neither scales stem and head nor repeats the first and last stage more often. Names of tensors are those of the weight
packages.
"""

from __future__ import annotations

import math
from typing import Any

from imveil.extras import nn, torch

_STAGES = (  # repeats, kernel, stride, expansion, channels out
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
_STEM, _HEAD, _EPS = 32, 1280, 1e-3


class EfficientNetLite(nn.Module):
    """From (n, 3, side, side), pixels as (x - 127) / 128, to (n, 1280): the mean of the last feature map.

    state: tensors of the weights, the classifier's left out.   width, depth: the factors of the variant (Lite0 1, 1;
    Lite2 1.1, 1.2). Raises KeyError or RuntimeError where a tensor is missing or has another shape.
    """

    def __init__(self, state: dict[str, torch.Tensor], width: float, depth: float) -> None:
        super().__init__()
        self.stem = _Conv(state, "_conv_stem", "_bn0", 3, _STEM, 3, 2)
        blocks: list[nn.Module] = []
        at = _STEM
        for number, (repeats, kernel, stride, expansion, out) in enumerate(_STAGES):
            channels = _rounded(out * width)
            for i in range(repeats if number in (0, len(_STAGES) - 1) else math.ceil(repeats * depth)):
                name = f"_blocks.{len(blocks)}."
                blocks.append(_Block(state, name, at, channels, kernel, stride if i == 0 else 1, expansion))
                at = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = _Conv(state, "_conv_head", "_bn1", at, _HEAD, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.blocks(self.stem(x)))
        return y.mean((2, 3))


class _Block(nn.Module):
    """An inverted bottleneck: expand, filter each channel, project; the input is added where shapes allow."""

    def __init__(
        self, state: dict[str, torch.Tensor], name: str, before: int, after: int, kernel: int, stride: int,
        expansion: int,
    ) -> None:  # fmt: skip
        super().__init__()
        wide = before * expansion
        parts: list[nn.Module] = []
        if expansion != 1:
            parts.append(_Conv(state, name + "_expand_conv", name + "_bn0", before, wide, 1, 1))
        parts.append(_Conv(state, name + "_depthwise_conv", name + "_bn1", wide, wide, kernel, stride, groups=wide))
        parts.append(_Conv(state, name + "_project_conv", name + "_bn2", wide, after, 1, 1, bounded=False))
        self.parts = nn.Sequential(*parts)
        self.added = stride == 1 and before == after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.parts(x)
        return y + x if self.added else y


class _Conv(nn.Module):
    """A convolution with TensorFlow's "same" padding, its normalisation folded in, then ReLU6 where `bounded`."""

    def __init__(
        self, state: dict[str, torch.Tensor], conv: str, norm: str, before: int, after: int, kernel: int, stride: int,
        groups: int = 1, bounded: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        weight, scale = state[f"{conv}.weight"], state[f"{norm}.weight"]
        if tuple(weight.shape) != (after, before // groups, kernel, kernel):
            raise RuntimeError(f"{conv} has the shape {tuple(weight.shape)}")
        scale = scale / torch.sqrt(state[f"{norm}.running_var"] + _EPS)
        self.weight = nn.Parameter(weight * scale[:, None, None, None], requires_grad=False)
        bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.kernel, self.stride, self.groups, self.bounded = kernel, stride, groups, bounded

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = (_padding(side, self.kernel, self.stride) for side in x.shape[2:])
        even: Any = (rows[0], columns[0])
        if rows[0] != rows[1] or columns[0] != columns[1]:
            x, even = nn.functional.pad(x, (*columns, *rows)), (0, 0)
        y = nn.functional.conv2d(x, self.weight, self.bias, self.stride, even, groups=self.groups)
        return nn.functional.relu6(y, inplace=True) if self.bounded else y


def _padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow pads to "same"; one more after where the number is odd."""
    total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def _rounded(channels: float) -> int:
    """The nearest multiple of eight, never more than a tenth below."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8

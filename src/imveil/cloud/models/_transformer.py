"""The vision transformer: A. Dosovitskiy et al., "An Image Is Worth 16x16 Words", arXiv 2010.11929, sec. 3.1.

Patches become vectors by one linear map, a learnt class token stands before them, learnt positions are added; then
`depth` blocks of attention and a two-layer perceptron, layer norm before each, a shortcut beside each; the class token,
normed, gives the logits. Parameters have the names that public weights use (`patch_embed.proj`, `pos_embed`, ...).
What all models share that read pictures patch by patch stands here too.
"""

from __future__ import annotations

from imveil.errors import BadField
from imveil.extras import nn, torch

SMALL = 64  # pictures whose shorter side is at most this get small patches


def patch_of(shape: tuple[int, int, int], *, small: int, large: int) -> int:
    """The usual side of a patch for pictures of `shape`.

    >>> patch_of((32, 32, 3), small=4, large=16), patch_of((224, 224, 3), small=4, large=16)
    (4, 16)
    """
    return small if min(shape[:2]) <= SMALL else large


def check_patch(patch: int) -> int:
    """The side of a patch; BadField for one that no patch has."""
    if not 1 <= patch <= 256:
        raise BadField(f"the side of a patch is 1 to 256 pixels, not {patch}")
    return patch


def tiled(x: torch.Tensor, patch: int) -> torch.Tensor:
    """(n, c, h, w), with zeros at the right and below until patches tile it."""
    down, right = -x.shape[2] % patch, -x.shape[3] % patch
    return nn.functional.pad(x, (0, right, 0, down)) if down or right else x


class Transformer(nn.Module):
    """Float (n, c, h, w) -> logits (n, classes), for pictures of one size; a head for every 64 numbers of a vector.

    positions: whether it sees where a patch lies; without, patches may come in any order.
    """

    def __init__(
        self, classes: int, shape: tuple[int, int, int], *, width: int, depth: int, patch: int, positions: bool = True
    ) -> None:
        super().__init__()
        heads = max(1, width // 64)
        if width % heads:
            raise BadField(
                f"vectors of a transformer are 1 to 64 wide, or a multiple of their {heads} heads, not {width}"
            )
        self.patch = patch
        count = -(-shape[0] // patch) * -(-shape[1] // patch)
        self.patch_embed = _Embed(shape[2], width, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + count, width)) if positions else None
        self.blocks = nn.Sequential(*(_Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        for weight in (self.cls_token, self.pos_embed):
            if weight is not None:
                nn.init.trunc_normal_(weight, std=0.02)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.patch_embed.proj(tiled(x, self.patch)).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), tokens], 1)
        tokens = tokens if self.pos_embed is None else tokens + self.pos_embed
        logits: torch.Tensor = self.head(self.norm(self.blocks(tokens))[:, 0])
        return logits


class _Embed(nn.Module):
    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, patch)


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential()
        self.mlp.add_module("fc1", nn.Linear(width, 4 * width))
        self.mlp.add_module("act", nn.GELU())
        self.mlp.add_module("fc2", nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        out: torch.Tensor = x + self.mlp(self.norm2(x))
        return out


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        out: torch.Tensor = self.proj(seen.transpose(1, 2).reshape(n, tokens, width))
        return out

"""The transform for torch: encrypts uint8 pictures on their way to a net, in the place where they become cipher images.

It stands after what changes pictures as pictures (resize, crop, flip) and before what scales them (ToDtype, Normalize).
torchvision's `v2.Compose` takes it, and so does anything that calls a module; torchvision is not needed.
"""

from __future__ import annotations

import secrets
from typing import Any

from imveil.errors import BadDtype, BadShape, MissingExtra
from imveil.keys.key import Key
from imveil.keys.reference import KeyRef
from imveil.owner.pipelines.samples import Keyed
from imveil.schemes.base import Scheme

try:
    import torch
    from torch import nn
except ImportError as error:
    raise MissingExtra(
        "the transform needs torch, and it is not installed", hint="pip install 'imveil[train]'"
    ) from error


class Encrypt(Keyed, nn.Module):
    """Encrypt pictures: (c, h, w) or (n, c, h, w) uint8 -> the same of the scheme's kind of numbers, on any device.

    scheme, key, fields: as in `Keyed`. Give the place of the key, and workers open it under fork, spawn and forkserver.
    pad: repeat the last row and column until blocks tile the picture; the cipher image is larger then.

    With a key per image each call draws a nonce and drops it: such cipher images are for training, nobody decrypts
    them. Whatever else a sample has, such as its label, passes through.

    >>> transform = Encrypt("negpos/1", Key(bytes(32)))
    >>> transform(torch.zeros(3, 4, 4, dtype=torch.uint8)).shape
    torch.Size([3, 4, 4])
    >>> transform
    Encrypt(negpos/1, key=ioes-uskh-tcku-o3ya)
    """

    def __init__(self, scheme: Scheme | str, key: Key | KeyRef | str, *, pad: bool = False, **fields: Any) -> None:
        nn.Module.__init__(self)
        Keyed.__init__(self, scheme, key, **fields)
        self.pad = pad

    def forward(self, image: Any, *rest: Any) -> Any:
        """Raises BadDtype for anything but uint8, BadShape for other shapes and sizes than the scheme takes."""
        cipher = self._encrypt(image)
        return (cipher, *rest) if rest else cipher

    def _encrypt(self, image: Any) -> torch.Tensor:
        if not isinstance(image, torch.Tensor):
            raise BadDtype(
                f"a tensor was needed, got {type(image).__name__}",
                hint="put v2.ToImage() or v2.PILToTensor() before it",
            )
        if image.dtype != torch.uint8:
            raise BadDtype(
                f"pictures are uint8, got {image.dtype}",
                hint="Encrypt stands before ToDtype and Normalize; nothing is scaled silently",
            )
        if image.ndim not in (3, 4):
            raise BadShape(f"pictures are (c, h, w) or (n, c, h, w), got {tuple(image.shape)}")
        images = (image if image.ndim == 4 else image[None]).as_subclass(torch.Tensor).permute(0, 2, 3, 1)
        # A random id makes a random nonce, so that no two epochs have the same cipher image.
        ids = [secrets.token_hex(16) for _ in images] if self.scheme.traits.per_image else None
        cipher = self.scheme.encrypt(images, self.key, ids, pad=self.pad).images.permute(0, 3, 1, 2).contiguous()
        found: torch.Tensor = (cipher if image.ndim == 4 else cipher[0]).as_subclass(type(image))
        return found

    def extra_repr(self) -> str:
        """Scheme, fingerprint, place; never the key."""
        return self.described()

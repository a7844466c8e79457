"""Inverter: a small network that learns to turn cipher images back into pictures, from examples of both.

The bodies are those of Ito, Kinoshita and Kiya's inverse transformation network. Where the scheme works on pixels: 1x1
convolutions c-64-128-256-c. Where it works on blocks of b: a convolution b/b to c b^2 channels, 1x1 to 512 features or
more, PixelShuffle(b), 1x1 to c. Neither knows where in the picture it is. The body is shared by all places, so a scheme
that treats places differently asks for more; `positions` is ours: in front of the body stands one affine map for each
pixel or block, and the body then only corrects what that gives.

Neither can follow pieces that move about the picture, nor XOR with arbitrary bytes, which is not affine in the sample.
Training is Adam on the mean square error. It is deterministic on one machine, given rng. Nothing is kept between runs:
a run takes about a minute and is repeated rather than resumed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from imveil.attacks.base import U8, Guess, Images, View, blank

BATCH = 8
_AT_ONCE = 2**16  # pixels that go through the network together; a batch of larger pictures goes in parts
_MOST = 2**23  # numbers in the maps of the places; where there would be more, there are none
_RATE, _RATE_PLACES = 1e-3, 2e-2

Draw = Callable[[int], tuple[U8, Images]]  # number of a step -> pictures and their cipher images


def block_of(view: View) -> int:
    """The side of the blocks that the scheme says it works on; 1 for pixels, where such blocks do not tile, and above
    16, where the network would be too large."""
    side = int(view.fields.get("block") or 1)
    return side if side <= 16 and view.shape[0] % side == view.shape[1] % side == 0 else 1


def inverted(view: View, draw: Draw, rng: np.random.Generator, steps: int, *, positions: bool) -> Guess:
    """Train for `steps` steps on what `draw` gives, and turn the targets back.

    Parameters
    ----------
    positions
        Whether there is a map for each place too.

    Returns
    -------
    Guess
        Grey pictures where cipher images have another height, width or number of channels than pictures. Its notes have
        the loss: the mean square error of the last tenth of the steps, as a share of the variance of the pictures.

    Raises
    ------
    MissingExtra
        Without torch.
    """
    from imveil.extras import torch

    if view.targets.shape[1:] != view.shape or steps < 1:
        return Guess(blank(view))
    plain, cipher = draw(0)
    cipher_scale, plain_scale = _scale(cipher), _scale(plain)
    losses = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        body, places = _net(view.shape, block_of(view), positions)
        groups: list[Any] = [
            {"params": list(body.parameters())},
            *({"params": [one], "lr": _RATE_PLACES} for one in places),
        ]
        adam = torch.optim.Adam(groups, lr=_RATE)
        slower = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
        for step in range(steps):
            plain, cipher = draw(step)
            adam.zero_grad()
            total = 0.0
            for part in _parts(cipher):
                guess = _through(body, places, _tensor(cipher[part], cipher_scale), block_of(view))
                loss = (guess - _tensor(plain[part], plain_scale)).square().mean() * (len(guess) / len(plain))
                loss.backward()
                total += loss.item()
            adam.step()
            slower.step()
            losses.append(total)
        with torch.no_grad():
            found = [
                _through(body, places, _tensor(view.targets[part], cipher_scale), block_of(view)).numpy()
                for part in _parts(view.targets)
            ]
    mean, spread = plain_scale
    images = np.moveaxis(np.concatenate(found), 1, -1) * spread + mean
    last = losses[-max(1, steps // 10) :]
    return Guess(images.round().clip(0, 255).astype(np.uint8), notes={"loss": float(np.mean(last))})


def _parts(images: Images) -> list[slice]:
    """Batches, and parts of them where pictures are large."""
    many = min(BATCH, max(1, _AT_ONCE // (images.shape[1] * images.shape[2])))
    return [slice(i, i + many) for i in range(0, len(images), many)]


def _scale(images: Images) -> tuple[float, float]:
    return float(images.mean(dtype=np.float64)), max(float(images.std(dtype=np.float64)), 1e-6)


def _tensor(images: Images, scale: tuple[float, float]) -> Any:
    """(n, h, w, c) of any type -> (n, c, h, w) float32 of about mean 0 and variance 1."""
    from imveil.extras import torch

    return torch.from_numpy(np.moveaxis((images.astype(np.float32) - scale[0]) / scale[1], -1, 1).copy())


def _net(shape: tuple[int, int, int], block: int, positions: bool) -> tuple[Any, Any]:
    """The body, and the maps of the places: matrices (places, d, d) and biases (places, d), d = c block^2, or none."""
    from imveil.extras import nn, torch

    h, w, c = shape
    d = c * block * block
    layers: list[Any]
    if block == 1:
        widths = (c, 64, 128, 256, c)
        layers = [layer for a, b in pairwise(widths) for layer in (nn.Conv2d(a, b, 1), nn.ReLU(inplace=True))][:-1]
    else:
        wide = max(8, 512 // block**2)
        layers = [
            nn.Conv2d(c, d, block, block), nn.ReLU(), nn.Conv2d(d, d, 1), nn.ReLU(),
            nn.Conv2d(d, wide * block**2, 1), nn.ReLU(), nn.PixelShuffle(block), nn.Conv2d(wide, c, 1),
        ]  # fmt: skip
    body, places = nn.Sequential(*layers), (h // block) * (w // block)
    if not positions or places * d * d > _MOST:
        return body, ()
    last: Any = layers[-1]
    nn.init.zeros_(last.weight)  # the body starts as no correction at all
    return body, (nn.Parameter(torch.zeros(places, d, d)), nn.Parameter(torch.zeros(places, d)))


def _through(body: Any, places: Any, images: Any, block: int) -> Any:
    """Cipher images -> guesses, both (n, c, h, w) and scaled."""
    from imveil.extras import torch

    if not places:
        return body(images)
    gain, bias = places
    size = images.shape[2:]
    cut = torch.nn.functional.unfold(images, block, stride=block)  # (n, d, places)
    cut = torch.einsum("ndp,ped->nep", cut, gain) + bias.T
    moved = torch.nn.functional.fold(cut, size, block, stride=block)
    return moved + body(moved)

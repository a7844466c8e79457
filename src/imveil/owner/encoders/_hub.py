"""What encoders from other libraries share: any frozen torch network on square pictures, named by its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from imveil.errors import BadModelFile
from imveil.extras import nn, torch
from imveil.owner.encoders._torch_input import batch_of, fastest, in_batches, laid_out
from imveil.owner.encoders.base import F32, U8, Encoder, Facts


class Network(Encoder):
    """A torch module from (n, 3, side, side) to (n, ...), flattened. mean, std: of pixels from 0 to 1, by channel."""

    def __init__(
        self, name: str, net: nn.Module, side: int, mean: Sequence[float], std: Sequence[float], precision: str
    ) -> None:
        self.precision = precision or fastest()
        kind = getattr(torch, self.precision)
        weights = weights_digest(net)
        self._net = laid_out(net, self.precision)
        self._side = side
        self._mean, self._std = (torch.tensor(list(x)).reshape(1, 3, 1, 1) for x in (mean, std))
        with torch.inference_mode():
            answer = self._net(torch.zeros(1, 3, side, side, dtype=kind))
        if not isinstance(answer, torch.Tensor):
            raise BadModelFile(f"{name} does not give one array, so it is no encoder")
        self.facts = Facts(name, weights, answer[0].numel())

    def embed(self, pictures: Sequence[U8]) -> F32:
        """As `Encoder.embed`."""
        return in_batches(self._run, pictures, self.facts.width)

    def _run(self, pictures: Sequence[U8]) -> torch.Tensor:
        x = (batch_of(pictures, self._side) / 255 - self._mean) / self._std
        found: torch.Tensor = self._net(x.to(getattr(torch, self.precision)))
        return found.flatten(1)


def weights_digest(net: nn.Module) -> str:
    """SHA-256 over all tensors of a network, by name: 64 hex digits."""
    state = hashlib.sha256()
    for name, tensor in sorted(net.state_dict().items()):
        state.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        state.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return state.hexdigest()

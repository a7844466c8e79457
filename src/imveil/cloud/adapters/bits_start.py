"""The gains of `bits`, begun with a mask that the statistics of the cipher pictures give. This is the attack.

For schemes that XOR one sequence into all pictures. Before the training the sequence is worked out from the cipher
pictures alone, by the solver of the many-time-pad attack (`attacks/solvers/pad`); what the net then sees are the
pictures, or their negatives, and it has the accuracy of plain ones. Whoever trains with this adapter can print the
pictures: it stands here so that the price of a fixed sequence is seen, not so that it is paid.
"""

from __future__ import annotations

import numpy as np
import torch

from imveil.cloud.adapters._bitplanes import PLANES, Gains
from imveil.cloud.adapters.base import Adapter

ENOUGH = 16_384  # pictures: the votes of more change nothing


def bits_start(shape: tuple[int, int, int], *, rate: float = 0.0) -> Adapter:
    """For uint8 pictures of `shape` = (h, w, c): float (n, c, h, w) 0..255 -> float (n, c, h, w) 0..255.

    Parameters
    ----------
    rate
        Of learning, times that of the net; at 0 the mask stays what the statistics say.
    """
    return _Start(shape, rate=rate)


class _Start(Gains):
    @torch.no_grad()
    def start(self, images: torch.Tensor) -> None:
        """Turn the signs where the mask has a bit."""
        from imveil.attacks.solvers.pad.solve import mask_of  # compiles: for training only, no answer waits for it

        mask = torch.from_numpy(mask_of(images[:ENOUGH].cpu().numpy(), np.random.default_rng(0))).permute(2, 0, 1)
        signs = [1 - 2 * (mask >> plane & 1).float() for plane in range(PLANES)]
        self.gain.copy_(torch.stack(signs).to(self.gain.device))

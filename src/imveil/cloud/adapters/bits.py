"""A gain for each position and bit plane, learnt with the net. XOR with a fixed mask is a sign a bit: this undoes it.

For schemes that XOR one sequence into all pictures. With gains of -1 and +1 it is exactly the inverse of such a scheme,
so an adapter that succeeds is itself the attack: its output are the pictures. In practice gradient descent finds few of
the signs within some epochs.
"""

from __future__ import annotations

from imveil.cloud.adapters._bitplanes import Gains
from imveil.cloud.adapters.base import Adapter


def bits(shape: tuple[int, int, int], *, shared: bool = False, rate: float = 10.0) -> Adapter:
    """For uint8 pictures of `shape` = (h, w, c): float (n, c, h, w) 0..255 -> float (n, c, h, w), itself at first.

    Parameters
    ----------
    shared
        One gain for all channels of a pixel.
    rate
        Of learning, times that of the net.
    """
    return Gains(shape, shared=shared, rate=rate)

"""Measure the prior that the second-order solver ships, on the training pictures of CIFAR-100.

usage: python scripts/records/make_prior.py     writes src/imveil/attacks/solvers/secondorder/prior.npz
"""

from __future__ import annotations

from pathlib import Path

from imveil.attacks.solvers.secondorder import prior
from imveil.owner.datasets.cifar import load

PICTURES = 8192  # more change no digit that matters


def main() -> None:
    """Write it, and say how large it is."""
    pictures = load("cifar100")["train"][0][:PICTURES]
    file = Path(prior.__file__).parent / prior.SHIPPED
    prior.save(prior.Prior.of(pictures), file)
    print(f"{file.name}: {file.stat().st_size:,} bytes, from {len(pictures):,} pictures")


if __name__ == "__main__":
    main()

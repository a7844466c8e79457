"""Lightning over a cipher data set: the cloud's side, no key.

usage: python examples/lightning_loop.py CIPHERS [EPOCHS]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader

from imveil.cloud import CipherDataset


class Net(lightning.LightningModule):
    """A small net; values 0..255 are scaled here, so that the data set stays as it is."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
            nn.Linear(256, classes),
        )  # fmt: skip

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.net(images.float() / 255)
        return logits

    def training_step(self, batch: Any) -> torch.Tensor:
        images, labels = batch
        return nn.functional.cross_entropy(self(images), labels)

    def test_step(self, batch: Any) -> None:
        images, labels = batch
        self.log("accuracy", (self(images).argmax(1) == labels).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


def main(ciphers: str | Path, epochs: int = 10) -> float:
    """Train on the split "train", and give the accuracy on "test"."""
    train, test = CipherDataset(ciphers, "train"), CipherDataset(ciphers, "test")
    net = Net(train[0][0].shape[0], len(train.classes))
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="auto", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(net, DataLoader(train, 64, shuffle=True))
    [found] = trainer.test(net, DataLoader(test, 256), verbose=False)
    return float(found["accuracy"])


if __name__ == "__main__":
    print(f"{main(sys.argv[1], *map(int, sys.argv[2:])):.1%} right")

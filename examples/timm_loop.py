"""A model of timm over a cipher data set: the cloud's side, no key.

usage: python examples/timm_loop.py CIPHERS [EPOCHS] [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import timm
import torch
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from torch.utils.data import DataLoader

from imveil.cloud import CipherDataset


def main(ciphers: str | Path, epochs: int = 10, model: str = "resnet10t", batch: int = 64) -> float:
    """Train on the split "train" with random first weights, and give the accuracy on "test"."""
    train, test = CipherDataset(ciphers, "train"), CipherDataset(ciphers, "test")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Weights that saw photographs know nothing of cipher images, and their mean and deviation are others.
    channels = train[0][0].shape[0]
    net = timm.create_model(model, pretrained=False, num_classes=len(train.classes), in_chans=channels).to(device)
    optimiser = create_optimizer_v2(net, opt="adamw", lr=2e-3, weight_decay=0.05)
    plan = CosineLRScheduler(optimiser, t_initial=epochs, lr_min=1e-5)
    for epoch in range(epochs):
        net.train()
        for images, labels in DataLoader(train, batch, shuffle=True):
            loss = torch.nn.functional.cross_entropy(net(images.to(device).float() / 255), labels.to(device))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        plan.step(epoch + 1)
    net.eval()
    with torch.inference_mode():
        right = sum(
            int((net(images.to(device).float() / 255).argmax(1).cpu() == labels).sum())
            for images, labels in DataLoader(test, 256)
        )
    return right / len(test)


if __name__ == "__main__":
    print(f"{main(sys.argv[1], *map(int, sys.argv[2:3]), *sys.argv[3:4]):.1%} right")

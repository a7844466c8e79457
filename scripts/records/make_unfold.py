"""Train the net that the attack `unfold` ships, on the training pictures of CIFAR-100.

usage: python -m scripts.records.make_unfold [--seed N] [--steps N] [--seconds N] [--state FILE] [--out FILE]

A third of every batch has its colours in order, the rest has them sorted. The loss is SSIM of the better of picture and
negative, as the attack is scored. A run ends after so many seconds and goes on where its state file stands; the last
one writes the weights. Nothing is chosen by what comes out: the net that ships is that of seed 0.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from imveil.attacks.solvers.unfold import net as nets
from imveil.attacks.solvers.unfold import weights
from imveil.extras import safetensors, torch
from imveil.owner.datasets.cifar import load

STEPS = 2400  # about six minutes on one core
BATCH, RATE, WARM = 32, 3e-3, 60
HELD = 1000  # pictures of the test set of CIFAR-100, to watch
SIDE, WINDOW, SIGMA = 32, 11, 1.5


def main() -> None:
    """Train, in parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seconds", type=float, default=850)
    parser.add_argument("--state", type=Path, default=Path("build/unfold.safetensors"))
    parser.add_argument("--out", type=Path, default=weights.SHIPPED)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    body = nets.net(norm=True).to(memory_format=torch.channels_last)
    adam = torch.optim.AdamW(body.parameters(), lr=RATE, weight_decay=1e-4)
    at = _resumed(body, adam, asked.state) if asked.state.exists() else 0
    sets = load("cifar100")
    pictures, held = (_tensor(sets[split][0]) for split in ("train", "test"))
    end, seen = time.monotonic() + asked.seconds, []
    while at < asked.steps and time.monotonic() < end:
        for group in adam.param_groups:
            group["lr"] = RATE * min((at + 1) / WARM, 0.5 + 0.5 * float(np.cos(np.pi * at / asked.steps)))
        seen.append(_step(body, adam, pictures, np.random.default_rng([asked.seed, at])))
        at += 1
        if at % 200 == 0:
            print(f"{at} steps, SSIM {np.mean(seen[-200:]):.4f}", flush=True)
    if at < asked.steps:
        asked.state.parent.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_file(_state(body, adam, at), asked.state)
        return
    body.eval()
    for ordered in (False, True):
        print(f"held out, colours {'in order' if ordered else 'sorted'}: {_held(body, held[:HELD], ordered):.4f}")
    weights.save(nets.plain(body), asked.out)
    back = weights.load(asked.out)
    print(f"{asked.out.name}: {asked.out.stat().st_size:,} bytes; as stored: {_held(back, held[:HELD], False):.4f}")


def _tensor(images: Any) -> Any:
    """(n, h, w, 3) uint8 -> (n, 3, h, w) uint8."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, 3, 1)))


def _step(body: Any, adam: Any, pictures: Any, rng: np.random.Generator) -> float:
    truth = _signed(pictures[rng.integers(0, len(pictures), BATCH)])
    truth = torch.where(torch.from_numpy(rng.random(BATCH) < 0.5)[:, None, None, None], truth, truth.flip(3))
    ordered = (torch.arange(BATCH) < BATCH // 3).float()
    with torch.autocast("cpu", torch.bfloat16):
        guess = nets.unfolded(body, _folds(truth, ordered), ordered)
    found = _ssim(truth, guess)
    adam.zero_grad()
    (1 - found.mean()).backward()
    torch.nn.utils.clip_grad_norm_(body.parameters(), 1.0)
    adam.step()
    return float(found.detach().mean())


def _held(body: Any, pictures: Any, ordered: bool) -> float:
    found = []
    with torch.no_grad():
        for part in pictures.split(100):
            truth, flags = _signed(part), torch.full((len(part),), float(ordered))
            found.append(_ssim(truth, nets.unfolded(body, _folds(truth, flags), flags)).mean())
    return float(torch.stack(found).mean())


def _signed(pictures: Any) -> Any:
    return pictures.float() / 127.5 - 1


def _folds(truth: Any, ordered: Any) -> Any:
    """What a cipher image shows: sizes, sorted where their order is unknown."""
    sizes = truth.abs()
    folds = torch.where(ordered[:, None, None, None] > 0, sizes, sizes.sort(1).values)
    return folds.contiguous(memory_format=torch.channels_last)


def _filter() -> Any:
    """(22, 32): the Gaussian window at every place of a row where it fits."""
    taps = np.exp(-0.5 * ((np.arange(WINDOW) - WINDOW // 2) / SIGMA) ** 2)
    rows = np.zeros((SIDE - WINDOW + 1, SIDE))
    for i, row in enumerate(rows):
        row[i : i + WINDOW] = taps / taps.sum()
    return torch.tensor(rows, dtype=torch.float32)


_WINDOWS = _filter()


def _ssim(truth: Any, guess: Any) -> Any:
    """(n,) of the better of picture and negative; both in -1..1."""

    def mean(images: Any) -> Any:
        return _WINDOWS @ images @ _WINDOWS.T

    x, y = 127.5 * truth, 127.5 * guess
    mx, my = mean(x), mean(y)
    variance = mean(x * x + y * y) - mx * mx - my * my + 58.5225
    covariance = 2 * (mean(x * y) - mx * my)
    both = []
    for sign in (1, -1):
        one, other = mx + 127.5, sign * my + 127.5
        light = (2 * one * other + 6.5025) / (one * one + other * other + 6.5025)
        both.append((light * (sign * covariance + 58.5225) / variance).mean((1, 2, 3)))
    return torch.maximum(*both)


def _state(body: Any, adam: Any, at: int) -> dict[str, Any]:
    """Of a training that goes on later, as one file of tensors."""
    moments = {
        f"adam.{i}.{name}": torch.as_tensor(value).contiguous().clone()
        for i, held in adam.state_dict()["state"].items()
        for name, value in held.items()
    }
    return {"at": torch.tensor(at), **{f"net.{k}": v.contiguous() for k, v in body.state_dict().items()}, **moments}


def _resumed(body: Any, adam: Any, state: Path) -> int:
    held = safetensors.torch.load_file(state)
    body.load_state_dict({k.removeprefix("net."): v for k, v in held.items() if k.startswith("net.")})
    moments: dict[int, dict[str, Any]] = {}
    for name, value in held.items():
        if name.startswith("adam."):
            _, i, what = name.split(".")
            moments.setdefault(int(i), {})[what] = value
    adam.load_state_dict({"state": moments, "param_groups": adam.state_dict()["param_groups"]})
    return int(held["at"])


if __name__ == "__main__":
    main()

"""Plays the attacks on messages with the numbers of real pictures: CIFAR-10, the public projection, noise or none.

Red controls stand beside them: a sum of ten pictures, a round told twice, two totals that differ by one picture.
Run: python -m scripts.records.run_messages lite2-224
"""

from __future__ import annotations

import sys

import numpy as np
from scripts.records.run_private import Data

from imveil import metrics, record
from imveil.audit.messages import Drawn, Setting, play
from imveil.keys.key import Key
from imveil.keys.sharing import Identity
from imveil.owner.datasets import cifar
from imveil.owner.embeddings import embed
from imveil.owner.features import rows
from imveil.owner.rounds import new_round, privacy_of
from imveil.owner.sources import open_source
from imveil.store.messages.round import Round
from imveil.system import cache_folder

DIM = 192
GAMES: list[tuple[str, Setting, float | None]] = [
    ("sum-members", Setting(1500, draws=3), None),
    ("sum-members", Setting(1500, 10_000, draws=3), None),
    *(("sum-members", Setting(1500, draws=3), epsilon) for epsilon in (8.0, 2.0, 1.0)),
    ("sum-span", Setting(10, draws=20), None),
    ("sum-span", Setting(1000, draws=3), None),
    ("sum-span", Setting(20_000, draws=1), None),
    ("sum-span", Setting(1000, draws=3), 2.0),
    ("head-membership", Setting(10, draws=20), None),
    ("head-membership", Setting(500, draws=3), None),
    ("head-membership", Setting(20_000, draws=1), None),
    ("head-membership", Setting(500, draws=3), 2.0),
    ("head-extraction", Setting(1000, draws=1), None),
    ("differencing", Setting(1000, draws=20), None),
    ("differencing", Setting(1000, draws=20), 2.0),
    ("round-twice", Setting(1000, draws=20), None),
    ("link", Setting(200, draws=1), None),
    ("answers-shared", Setting(50, draws=1), None),
]
PUBLIC = 20_000
"""Pictures of CIFAR-100 that the decoder learns from."""


def main(encoder: str, *only: str) -> None:
    """Play every game once, or those named, and append its record; "embedding-inversion 192" for one dim of it."""
    data = Data("cifar10", encoder)
    for name, setting, epsilon in GAMES:
        if not only or name in only:
            noted(data, name, setting, epsilon, DIM)
    for dim in (DIM, 1280):
        if not only or {"embedding-inversion", f"embedding-inversion {dim}"} & {*only}:
            noted(data, "embedding-inversion", Setting(1000, draws=1), None, dim)


def noted(data: Data, name: str, setting: Setting, epsilon: float | None, dim: int) -> None:
    """One game as a record."""
    round_ = new_round(data.classes, data.encoder.facts, [Identity(Key.generate()).recipient], dim=dim, least=1,
                       small=True, told=epsilon is None, privacy=privacy_of(epsilon, 1e-5, 1))  # fmt: skip
    draws = name == "embedding-inversion"
    numbers, labels = data.parts["test" if draws else "train"]
    seen: dict[str, float] = {}
    drawn = drawings(data, round_, seen) if draws else None
    found = play(name, rows(numbers, round_), labels, round_, setting, drawn=drawn)
    facts = {
        "job": "attack", "attack": name, "data": "cifar10", "encoder": data.encoder.facts.name, "dim": dim,
        "epsilon": epsilon, "delta": 1e-5, "members": setting.members, "strangers": setting.strangers,
        "draws": setting.draws, "measure": found.measure, "cap": found.cap, "chance": found.chance,
    }  # fmt: skip
    one = record.measured(
        kind="private", name=f"{name} {setting.members} {epsilon or 'no noise'}", digest=record.digest_of(facts),
        facts=facts | seen, seed=0, value=found.value, unit=found.measure, n=found.n, low=found.low, high=found.high,
        seconds=found.seconds,
    )  # fmt: skip
    record.append(one)
    print(f"{one.name} +{setting.strangers}: {found.value:.3f} ({found.low:.3f} to {found.high:.3f}), cap "
          f"{found.cap:.3f}, n {found.n} {seen or ''}", flush=True)  # fmt: skip


def drawings(data: Data, round_: Round, seen: dict[str, float]) -> Drawn:
    """The pictures behind the rows, and others; what the decoder's drawings reach goes into `seen`."""
    public, source = cifar.load("cifar100")["train"][0][:PUBLIC], open_source("cifar100")
    which = [i for i, item in enumerate(source.items) if item.split == "train"][:PUBLIC]
    numbers = embed(source, which, data.encoder, cache_folder() / "embeddings").numbers
    truth, ssim = cifar.load("cifar10")["test"][0], metrics.find("ssim")
    mean = public.mean(axis=0)

    def pictures(values: np.ndarray) -> np.ndarray:
        return np.rint(values).clip(0, 255).astype(np.uint8).reshape(-1, *mean.shape)

    def shown(values: np.ndarray, chosen: np.ndarray) -> None:
        blind = pictures(np.broadcast_to(mean, (len(chosen), *mean.shape)))
        seen["ssim"] = round(float(ssim(truth[chosen], pictures(values)).mean()), 4)
        seen["ssim of the mean picture"] = round(float(ssim(truth[chosen], blind).mean()), 4)

    flat = [x.reshape(len(x), -1).astype(np.float64) for x in (truth, public)]
    return Drawn(flat[0], rows(numbers, round_), flat[1], shown)


if __name__ == "__main__":
    main(*sys.argv[1:])

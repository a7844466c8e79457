"""Plays the attacks on messages with the numbers of real pictures: CIFAR-10, the public projection, noise or none.

Red controls stand beside them: a sum of ten pictures, a round told twice, two totals that differ by one picture.
Run: python -m scripts.records.run_messages lite2-224
"""

from __future__ import annotations

import sys

from scripts.records.run_private import Data

from imveil import record
from imveil.audit.messages import Setting, play
from imveil.keys.key import Key
from imveil.keys.sharing import Identity
from imveil.owner.features import rows
from imveil.owner.rounds import new_round, privacy_of

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
]


def main(encoder: str) -> None:
    """Play every game once and append its record."""
    data = Data("cifar10", encoder)
    owner = [Identity(Key.generate()).recipient]
    for name, setting, epsilon in GAMES:
        round_ = new_round(data.classes, data.encoder.facts, owner, dim=DIM, least=1, small=True, told=epsilon is None,
                           privacy=privacy_of(epsilon, 1e-5, 1))  # fmt: skip
        numbers, labels = data.parts["train"]
        found = play(name, rows(numbers, round_), labels, round_, setting)
        facts = {"job": "attack", "attack": name, "data": "cifar10", "encoder": encoder, "dim": DIM, "epsilon": epsilon,
                 "delta": 1e-5, "members": setting.members, "strangers": setting.strangers, "draws": setting.draws,
                 "measure": found.measure, "cap": found.cap, "chance": found.chance}  # fmt: skip
        one = record.measured(
            kind="private", name=f"{name} {setting.members} {epsilon or 'no noise'}", digest=record.digest_of(facts),
            facts=facts, seed=0, value=found.value, unit=found.measure, n=found.n, low=found.low, high=found.high,
            seconds=found.seconds,
        )  # fmt: skip
        record.append(one)
        print(f"{one.name} +{setting.strangers}: {found.value:.3f} ({found.low:.3f} to {found.high:.3f}), cap "
              f"{found.cap:.3f}, n {found.n}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])

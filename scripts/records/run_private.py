"""Measures the private path: heads from sums of ten owners, without and with noise, in one message and in many steps.

Everything goes the users' road: rows, tables, discrete noise, totals, training. Settings were fixed on 10,000 held-out
training pictures (weight 0.8, 768 numbers, ridge, rate), never on test pictures. A draw is another division among
owners and other noise. Run: python -m scripts.records.run_private cifar10 lite2-224 [JOB ...]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from imveil import record
from imveil.audit.messages import auc
from imveil.cloud.summing import add, train
from imveil.interval import wilson
from imveil.keys import masks
from imveil.keys.key import Key
from imveil.keys.sharing import Identity
from imveil.owner.embeddings import embed
from imveil.owner.encoders import find
from imveil.owner.features import rows
from imveil.owner.rounds import new_round, privacy_of
from imveil.owner.sources import open_source
from imveil.owner.sources.base import Source
from imveil.owner.summing import noise_of
from imveil.store.messages.round import Round
from imveil.store.messages.steps import next_round
from imveil.store.messages.sum import Sum
from imveil.store.messages.table import gradient, length, moments
from imveil.store.messages.total import Total
from imveil.system import cache_folder

OWNERS = 10
JOBS: dict[str, dict[str, Any]] = {
    "clear": {"dim": 1280, "kind": "none"},
    "masked": {"dim": 1280, "kind": "none", "masked": True},
    "clear 768": {"dim": 768},
    **{f"eps {e:g}": {"dim": 768, "epsilon": e} for e in (0.5, 1, 2, 4, 8)},
    **{f"alone eps {e:g}": {"dim": 768, "epsilon": e, "trust": "nobody"} for e in (1, 2, 8)},
    **{f"steps eps {e:g}": {"dim": 768, "epsilon": e, "steps": 100, "rate": 16.0} for e in (0.5, 1, 2, 4, 8)},
    "clear 64": {"dim": 64},
    **{f"64 eps {e:g}": {"dim": 64, "epsilon": e} for e in (1, 2, 8)},  # for sets of some thousand pictures
    "clear 384": {"dim": 384},
    **{f"384 eps {e:g}": {"dim": 384, "epsilon": e, "weight": 0.5} for e in (1, 2, 8)},  # for a hundred classes
    "balanced": {"dim": 1280, "kind": "none", "method": "balanced"},  # for classes of unequal size
    **{f"balanced eps {e:g}": {"dim": 96, "epsilon": e, "method": "balanced"} for e in (1, 2, 8)},
    **{f"own {n}": {"dim": 1280, "kind": "none", "only": n} for n in (100, 500, 1000, 5000)},
}


class Data:
    """Embeddings and labels of the training and test pictures of a source. most: of each split, the first ones.
    public: so many of the training pictures, the first, are left out: the projection was made from them."""

    def __init__(self, name: str, encoder: str, public: int = 0, **most: int) -> None:
        self.name, self.encoder = name, find(encoder)
        source: Source = open_source(name)
        self.classes = source.classes
        self.parts = {}
        for split in ("train", "test"):
            which = [i for i, item in enumerate(source.items) if item.split == split][: most.get(split)]
            which = which[public:] if split == "train" else which
            found = embed(source, which, self.encoder, cache_folder() / "embeddings")
            first = list(dict.fromkeys(found.digests)) if split == "train" else found.digests
            seen: dict[bytes, int] = {}
            for i, digest in enumerate(found.digests):
                seen.setdefault(digest, i)
            kept = [seen[d] for d in first] if split == "train" else list(range(len(which)))
            labels = np.array([source.items[which[i]].label for i in kept], np.int64)
            self.parts[split] = (found.numbers[kept], labels)


def one_round(data: Data, job: dict[str, Any], owners: list[str]) -> Round:
    count = len(data.parts["train"][1])
    privacy = privacy_of(job.get("epsilon"), 1e-5, len(owners), trust=job.get("trust", "masks"),
                         weight=job.get("weight", 0.8))  # fmt: skip
    return new_round(
        data.classes, data.encoder.facts, owners, dim=job["dim"], kind=job.get("kind", ""), privacy=privacy,
        told=privacy is None, least=min(100, count), least_class=1, small=True, steps=job.get("steps", 1),
        method="gradient" if job.get("steps") else "sums", about=count,
    )  # fmt: skip


def run(data: Data, name: str, seed: int) -> record.Record:
    """One draw of a job, as a record."""
    job, rng, began = JOBS[name], np.random.default_rng(seed), time.process_time()
    people = [Identity(Key(rng.bytes(32))) for _ in range(1 if "only" in job else OWNERS)]
    round_ = one_round(data, job, [one.recipient for one in people])
    numbers, labels = data.parts["train"]
    z = rows(numbers, round_)
    order = rng.permutation(len(z))[: job.get("only", len(z))]
    parts = np.array_split(order, len(people))
    head, exact = None, None
    zero = np.zeros((z.shape[1], len(round_.classes)))
    for step in range(job.get("steps", 1)):
        table = np.zeros(length(round_), np.int64)
        sums = []
        for one, part in zip(people, parts, strict=True):
            own = (
                gradient(z[part], labels[part], head.point if head else zero, round_)
                if round_.gradient
                else moments(z[part], labels[part], round_)
            )
            stream = Key(rng.bytes(32)).derive("record", str(step)).stream()
            own = own + noise_of(round_, stream)
            table += own
            if job.get("masked"):
                under = own.view(np.uint64) + masks.pairwise(one, round_.owners, round_.digest, 0, len(own))
                sums.append(Sum(one.recipient, under))
        total = Total(round_, table)
        if job.get("masked"):
            whole = train(Total(round_, moments(z[np.sort(order)], labels[np.sort(order)], round_)))
            total = add([sums[i] for i in rng.permutation(len(sums))], round_)
            exact = train(total).weights.tobytes() == whole.weights.tobytes()
        head = train(total, start=head, **{name: job[name] for name in ("rate", "method") if name in job})
        if step + 1 < job.get("steps", 1):
            round_ = next_round(round_, head)
    assert head is not None
    test, truth = data.parts["test"]
    scores = head.scores(rows(test, round_))
    right = int((scores.argmax(axis=1) == truth).sum())
    low, high = wilson(right, len(truth))
    facts = {
        "data": Path(data.name).stem, "encoder": data.encoder.facts.name, "precision": data.encoder.precision,
        "job": name, "owners": len(people), "pictures": len(order), "delta": 1e-5, "colluding": 1, **job,
    }  # fmt: skip
    if exact is not None:
        facts["exact"] = exact
    digest = record.digest_of(facts)
    if scores.shape[1] == 2:
        margin = scores[:, 1] - scores[:, 0]
        facts["auc"] = round(auc(margin[truth == 1], margin[truth == 0]), 4)
    return record.measured(
        kind="private", name=f"{Path(data.name).stem} {data.encoder.facts.name} {name}", digest=digest,
        facts=facts, seed=seed, value=100 * right / len(truth), unit="%", n=len(truth), low=100 * low, high=100 * high,
        seconds=time.process_time() - began,
    )  # fmt: skip


def main() -> None:
    """Run jobs, three draws each, and append their records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("encoder")
    parser.add_argument("jobs", nargs="*", metavar="JOB", choices=[[], *JOBS])
    parser.add_argument("--train", type=int, default=None, help="the first so many pictures only")
    parser.add_argument("--test", type=int, default=None, help="the first so many pictures only")
    parser.add_argument("--public", type=int, default=0, help="of these, the first so many are left out")
    asked = parser.parse_args()
    most = {split: count for split in ("train", "test") if (count := getattr(asked, split)) is not None}
    data = Data(asked.data, asked.encoder, asked.public, **most)
    for job in asked.jobs or JOBS:
        for seed in range(3):
            one = run(data, job, seed)
            record.append(one)
            print(f"{one.name} draw {seed}: {one.value:.2f} {one.unit} in {one.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()

"""All test pictures asked under encryption, in slots: is the best class that of the head in 8 bits, and of the head?

A head from all training pictures, one for each number of numbers that query costs are on record for.
Run: python -m scripts.records.run_queries lite2-224 [DIM ...]
"""

from __future__ import annotations

import sys
import time

from scripts.records.run_private import Data

from imveil import record
from imveil.cloud.querying import answer
from imveil.cloud.summing import train
from imveil.interval import wilson
from imveil.keys.sharing import Identity
from imveil.owner.asking.encrypted import ask, open_answer, small
from imveil.owner.features import rows
from imveil.owner.rounds import new_round
from imveil.store.messages import bfv
from imveil.store.messages.table import moments
from imveil.store.messages.total import Total

DIMS = {192: "pca", 512: "pca", 1279: "orthogonal"}


def main(encoder: str, *only: str) -> None:
    """One record for each number of numbers, or for those named."""
    data, owner = Data("cifar10", encoder), [Identity.generate().recipient]
    (numbers, labels), (test, _) = data.parts["train"], data.parts["test"]
    for dim in map(int, only or DIMS):
        kind = DIMS[dim]
        began = time.process_time()
        round_ = new_round(data.classes, data.encoder.facts, owner, dim=dim, kind=kind, least=1, small=True, told=True)
        head = train(Total(round_, moments(rows(numbers, round_), labels, round_)))
        z = rows(test, round_)
        whole = small(z)[0] @ head.small()
        exact, same, budget = 0, 0, 1 << 30
        for at in range(0, len(z), bfv.SLOTS):
            part = z[at : at + bfv.SLOTS]
            asked = ask(part, [str(i) for i in range(len(part))], head.card, bulk=True)
            found = open_answer(answer(asked.query, head).to_bytes(), asked.secret)
            exact += int((found.whole == whole[at : at + len(part)]).all(axis=1).sum())
            same += int((found.whole.argmax(axis=1) == whole[at : at + len(part)].argmax(axis=1)).sum())
            budget = min(budget, found.budget)
        plain = int((whole.argmax(axis=1) == head.scores(z).argmax(axis=1)).sum())
        low, high = wilson(same, len(z))
        facts = {"job": "top-1", "data": "cifar10", "encoder": encoder, "dim": dim, "projection": kind}
        one = record.measured(
            kind="private", name=f"queries dim {dim}", digest=record.digest_of(facts),
            facts=facts | {"same": same, "exact": exact, "as the float head": plain, "budget": budget}, seed=0,
            value=same / len(z), unit="share", n=len(z), low=low, high=high, seconds=time.process_time() - began,
        )  # fmt: skip
        record.append(one)
        print(
            f"dim {dim}: {same} of {len(z)} as the 8-bit head, {exact} exact, {plain} as the head, {budget} bits left"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The step after a step: the head goes out, sums of gradients come back; and what must stay the same."""

from __future__ import annotations

from imveil.errors import Mismatch
from imveil.store.messages.head import Head
from imveil.store.messages.round import Round

_OF_A_STEP = {"step", "parent", "head"}


def next_round(round_: Round, head: Head) -> Round:
    """The step after a round's, which sends `head` out. Raises Mismatch for a head of another round, Refused."""
    if head.card.study != round_.first.hex() or head.card.steps != round_.step + 1:
        raise Mismatch(
            f"the head stands on {head.card.steps} steps of another round or step, this round's step {round_.step + 1} "
            "was needed",
            hint="train it from this round's total first",
        )
    members = round_.model_dump()
    members |= {"step": round_.step + 1, "parent": round_.first.hex(), "head": head.digest}
    if round_.privacy is None:
        members["steps"] = max(round_.steps, round_.step + 2)
    found = Round.model_validate(members)
    found.check()
    return found


def follows(later: Round, first: Round) -> bool:
    """Whether a round is `first`, or a later step of it with nothing else changed."""
    if later.first != first.digest:
        return False
    free = _OF_A_STEP if first.privacy else {*_OF_A_STEP, "steps"}
    return later.model_dump(exclude=free) == first.model_dump(exclude=free)

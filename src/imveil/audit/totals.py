"""What a total gives away, in words and numbers: the report of `imveil audit study.total --round study.round`.

No pictures are needed: attacks are played on made rows of the same round and size, because whoever audits a total must
not need the pictures in it. Real pictures lie closer together; the proven cap holds for any.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from imveil.audit.messages import Found, Setting, play
from imveil.errors import BadInput, Mismatch
from imveil.store.messages.privacy import epsilon_of, most_auc
from imveil.store.messages.round import Round
from imveil.store.messages.table import moments_of
from imveil.store.messages.total import Total


class Audit(NamedTuple):
    """Attributes
    ----------
    lines
        (what, text), what the total tells.
    found
        Attacks that were played on totals of this size.
    """

    lines: list[tuple[str, str]]
    found: list[Found]


def audit_total(total: Total, round_: Round, *, seed: int = 0) -> Audit:
    """What whoever holds a total learns. Raises Mismatch for a total of another round, BadInput for a gradient."""
    if total.round != round_:
        raise Mismatch("the total is of another round")
    if round_.gradient:
        raise BadInput("a total of moments was needed, this is one of a gradient", hint="audit the round's first step")
    lines = [
        ("cloud", f"it sees {len(round_.owners)} masked sums, their senders, sizes and times, the round and what "
         "follows from the total. That masks hide a sum is assumed (X25519, AES), not measured"),
    ]  # fmt: skip
    if not total.readable:
        lines.append(("total", "blind: who has no owner's identity sees uniform words; no more was audited"))
        return Audit(lines, [])
    found = moments_of(total.words, round_)
    counts = found.classes[-1] / (math.trunc(round_.bias * 2**round_.bits) / 2**round_.bits)
    pictures = max(1, round(float(counts.sum())))
    about = "about " if round_.privacy else ""
    shares = [f"{about}{max(0, round(float(n))):,} {name}" for name, n in zip(round_.classes, counts, strict=True)]
    lines.append(("pictures", f"{about}{pictures:,}: {', '.join(shares)}"))
    p = round_.privacy
    if p is None:
        lines.append(("members", "the total tells who is in it: see sum-members and sum-span, nothing limits them"))
    else:
        unit = p.unit if p.unit == "picture" else f"person with at most {p.most} pictures"
        whole = round_.mu * math.sqrt(round_.steps)
        lines.append(("members", (
            f"of one {unit} no test gains more than an AUC of {most_auc(round_.mu):.3f} from this step, "
            f"{most_auc(whole):.3f} from all {round_.steps}: epsilon {epsilon_of(whole, p.delta):.2f} at delta "
            f"{p.delta:g}, proven"
        )))  # fmt: skip
    lines.append(("head", "a head of it can be copied by asking it; without privacy it tells of members"))
    lines.append(("not", "nobody checked what owners summed; a total that is out cannot be taken back"))
    members = int(min(pictures, 200))
    z, labels = _made(2 * members, round_, seed)
    names = ("sum-members", "sum-span", "head-membership")
    return Audit(lines, [play(name, z, labels, round_, Setting(members, draws=3), seed) for name in names])


def _made(count: int, round_: Round, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows as a round's pictures have them, drawn at random around means of their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(round_.classes), count)
    z = rng.normal(size=(count, round_.dim)) + rng.normal(size=(len(round_.classes), round_.dim))[labels]
    z *= math.sqrt(1 - round_.bias**2) / np.linalg.norm(z, axis=1, keepdims=True)
    return np.trunc(np.c_[z, np.full(count, round_.bias)] * 2**round_.bits).astype(np.int64), labels

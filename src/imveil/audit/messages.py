"""The referee of the private path: deals pictures' rows into sums, lets an attack on messages run, and scores it.

A score is an area under a ROC curve ("is this picture in it?") or a share of right picks, with a 95 % interval and the
proven cap beside it: with noise no test may have a larger area than Phi(mu / sqrt 2).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.attacks.messages._ring import conjugate
from imveil.attacks.messages.base import Claim, Evidence, MessageAttack, Moments, Opened, find
from imveil.errors import BadInput
from imveil.interval import wilson
from imveil.keys import masks
from imveil.keys.gaussian import gaussian
from imveil.keys.key import Key
from imveil.keys.sharing import Identity
from imveil.owner.asking.encrypted import SECRET, ask, small
from imveil.store.messages import bfv, envelope
from imveil.store.messages.head import Card
from imveil.store.messages.privacy import most_auc
from imveil.store.messages.query import Query
from imveil.store.messages.round import Round
from imveil.store.messages.table import moments, moments_of, scales

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_RESAMPLES = 400


@dataclass(frozen=True)
class Setting:
    """What is dealt. members: pictures in the sum, or queries, or 1 for those who look for one.   strangers: in the
    sum too, and unknown to the attacker.   draws: how often all is dealt anew."""

    members: int
    strangers: int = 0
    draws: int = 5


@dataclass(frozen=True)
class Drawn:
    """pictures: (n, pixels) of the rows, any whole numbers.   public_rows, public: (m, dim + 1) and (m, pixels) of
    other pictures, which the attacker has.   shown: takes what was drawn of `pictures[chosen]`, with `chosen`."""

    pictures: F64
    public_rows: I64
    public: F64
    shown: Callable[[F64, I64], None] = lambda *_: None


@dataclass(frozen=True)
class Found:
    """What an attack reached. measure: "auc" or "share".   value, low, high: with its 95 % interval.   n: candidates
    scored over all draws.   cap: what is proven that no attack exceeds, 1 where nothing is.   chance: of guessing."""

    attack: str
    measure: str
    value: float
    low: float
    high: float
    n: int
    cap: float
    chance: float
    seconds: float


def play(
    name: str, rows: I64, labels: I64, round_: Round, setting: Setting, seed: int = 0, drawn: Drawn | None = None
) -> Found:
    """Let an attack run on pictures dealt at random.

    The round's privacy decides the noise.

    Parameters
    ----------
    rows
        (n, dim + 1) as of `owner/features`.
    labels
        (n,).
    drawn
        The pictures, for an attack that draws them.

    Raises
    ------
    UnknownName
    BadInput
        Where there are too few pictures.
    """
    attack, began = find(name), time.perf_counter()
    rng = np.random.default_rng(seed)
    cap = most_auc(round_.mu) if round_.privacy and attack.measure == "auc" else 1.0
    if attack.measure == "share":
        right = n = choices = 0
        for _ in range(setting.draws):
            if "embeddings" in attack.needs:
                scores, truth = _inverted(attack, rows, round_, setting, rng, drawn)
            else:
                scores, truth = _share(name, attack, rows, labels, round_, setting, rng)
            right, n, choices = right + int((scores.argmax(axis=1) == truth).sum()), n + len(truth), scores.shape[1]
        low, high = wilson(right, n)
        return Found(name, "share", right / n, low, high, n, cap, 1 / choices, time.perf_counter() - began)
    draws = [_membership(attack, rows, labels, round_, setting, rng) for _ in range(setting.draws)]
    value = float(np.mean([auc(inside, outside) for inside, outside in draws]))
    low, high = _interval(draws, rng)
    n = sum(len(a) + len(b) for a, b in draws)
    return Found(name, "auc", value, low, high, n, cap, 0.5, time.perf_counter() - began)


def auc(inside: F64, outside: F64) -> float:
    """The area under the ROC curve: how often a member scores above a stranger, ties half.

    >>> auc(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    0.875
    """
    both = np.concatenate([inside, outside])
    order = np.sort(both)
    ranks = (np.searchsorted(order, both, "left") + np.searchsorted(order, both, "right") + 1) / 2
    n, m = len(inside), len(outside)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def total_of(rows: I64, labels: I64, round_: Round, rng: np.random.Generator) -> Moments:
    """The total of pictures as whoever opens it sees it, with the round's noise."""
    words = moments(rows, labels, round_)
    noise = 0.0
    if round_.privacy:
        stream = Key(rng.bytes(32)).derive("imveil", "audit").stream()
        each = np.ceil(scales(round_, round_.scale)).astype(np.int64)
        for scale in np.unique(each):
            words[each == scale] += gaussian(stream, int(scale), int((each == scale).sum()))
        noise = round_.scale / round_.privacy.weight
    found = moments_of(words, round_)
    return Moments(found.second, found.classes, noise, round_.privacy.weight if round_.privacy else 0.5)


def _membership(
    attack: Any, rows: I64, labels: I64, round_: Round, setting: Setting, rng: np.random.Generator
) -> tuple[F64, F64]:
    """Scores of members and of as many others."""
    m, s = setting.members, setting.strangers
    if len(rows) < 2 * m + s:
        raise BadInput(f"{2 * m + s} pictures were needed for this setting, {len(rows)} came")
    order = rng.permutation(len(rows))
    candidates, strangers = order[: 2 * m], order[2 * m : 2 * m + s]
    inside = np.concatenate([candidates[:m], strangers])
    total = total_of(rows[inside], labels[inside], round_, rng)
    z = np.asarray(rows[candidates] * 2.0**-round_.bits, np.float64)
    evidence = Evidence(total=total, head=_head(total), candidates=z, labels=labels[candidates])
    claim: Claim = attack.run(_only(evidence, attack))
    return claim.scores[:m], claim.scores[m:]


def _share(
    name: str, attack: Any, rows: I64, labels: I64, round_: Round, setting: Setting, rng: np.random.Generator
) -> tuple[F64, I64]:
    """Scores (n, choices) and the right choices."""
    chosen = rng.permutation(len(rows))[: max(setting.members, 2)]
    z, y = rows[chosen], labels[chosen]
    real = np.asarray(z * 2.0**-round_.bits, np.float64)
    if name == "link":
        return attack.run(Evidence(ciphertexts=_queries(z, round_))).scores, np.arange(len(z))[::-1].copy()
    if name == "answers-shared":
        opened = _opened(z, _head(total_of(z, y, round_, rng)), _card(round_))
        evidence = Evidence(opened=opened, candidates=small(z)[0].astype(np.float64))
        return attack.run(evidence).scores, np.arange(len(z))
    if name == "head-extraction":
        head = _head(total_of(z, y, round_, rng))
        claim = attack.run(Evidence(ask=lambda x: x @ head, candidates=real))
        return claim.scores, (real @ head).argmax(axis=1)
    one = int(rng.integers(len(z)))
    rest = np.arange(len(z)) != one
    if name == "round-twice":
        own = [Identity.generate(), Identity.generate()]
        names = [o.recipient for o in own]
        words = masks.pairwise(own[0], names, round_.digest, 0, len(moments(z, y, round_)))
        pair = tuple(moments(z[w], y[w], round_).view(np.uint64) + words for w in (np.ones_like(rest), rest))
        evidence = Evidence(messages=pair, candidates=real)  # type: ignore[arg-type]
    else:
        evidence = Evidence(total=total_of(z, y, round_, rng), other=total_of(z[rest], y[rest], round_, rng),
                            candidates=real)  # fmt: skip
    return attack.run(evidence).scores, np.array([one])


def _inverted(
    attack: MessageAttack, rows: I64, round_: Round, setting: Setting, rng: np.random.Generator, drawn: Drawn | None
) -> tuple[F64, I64]:
    """As `_share`, of embeddings that were released as they are."""
    if drawn is None:
        raise BadInput("this attack draws pictures, and none were given")
    chosen = rng.permutation(len(rows))[: setting.members]
    released, public = (np.asarray(x * 2.0**-round_.bits, np.float64) for x in (rows[chosen], drawn.public_rows))
    evidence = Evidence(embeddings=released, public=(public, drawn.public), candidates=drawn.pictures[chosen])
    claim = attack.run(evidence)
    if claim.values is not None:
        drawn.shown(claim.values, chosen)
    return claim.scores, np.arange(len(chosen))


def _queries(z: I64, round_: Round) -> npt.NDArray[np.uint8]:
    """Encrypted queries of pictures, and of the same once more in reverse order: (2n, bytes) of their ciphertexts."""
    blobs = []
    for row in [*z, *z[::-1]]:
        blobs.append(Query.from_bytes(ask(row[None], ["x"], _card(round_), bulk=False).query).blobs[0])
    short = min(map(len, blobs))
    return np.stack([np.frombuffer(blob[:short], np.uint8) for blob in blobs])


def _opened(z: I64, weights: F64, card: Card) -> Opened:
    """Queries of pictures under one key, answered for the first class and shared as far as the key opens: every
    coefficient. The cloud's cover is left out, as the attacker would take it off."""
    asked = ask(z, ["x"] * len(z), card, bulk=False)
    query = Query.from_bytes(asked.query)
    chosen = query.parameters
    ctx, api = bfv.context(chosen), bfv.seal()
    key = bfv.from_bytes("SecretKey", ctx, envelope.unpack(asked.secret, SECRET).body, "the secret")
    product = bfv.polynomial(np.rint(weights[::-1, 0] * (bfv.MOST / np.abs(weights).max())).astype(np.int64), chosen)
    prime = int(ctx.first_context_data().parms().coeff_modulus()[0].value())
    asks, answers, shared = [], [], []
    for blob in query.blobs:
        question, reply, plain = bfv.from_bytes("Ciphertext", ctx, blob, "the query"), api.Ciphertext(), api.Plaintext()
        api.Evaluator(ctx).multiply_plain(question, product, reply)
        api.Decryptor(ctx, key).decrypt(reply, plain)
        pair = [bfv.words(one, 2 * chosen.degree).astype(object).reshape(2, -1) for one in (question, reply)]
        phase = (bfv.words(plain, chosen.degree).astype(object) * prime + chosen.plain // 2) // chosen.plain
        asks.append(pair[0])
        answers.append(pair[1])
        shared.append((phase + conjugate(phase, prime)) % prime)
    return Opened(np.array(asks), np.array(answers), np.array(shared), prime / chosen.plain, prime)


def _card(round_: Round) -> Card:
    return Card(
        features=round_.features, classes=round_.classes, method="ridge", study="", steps=1, pictures=0, owners=1
    )


def _head(total: Moments) -> F64:
    """A ridge head of a total, as the cloud makes it."""
    ridge = 0.7 * total.noise * np.sqrt(len(total.second)) if total.noise else 1.0
    values, axes = np.linalg.eigh(total.second)
    values = np.maximum(values, 0) if total.noise else values
    return np.asarray((axes / (values + ridge)) @ (axes.T @ total.classes), np.float64)


def _only(evidence: Evidence, attack: Any) -> Evidence:
    """What the attack asked for, and no more."""
    labels = evidence.labels if "candidates" in attack.needs else None
    return Evidence(**{name: getattr(evidence, name) for name in attack.needs}, labels=labels)


def _interval(draws: list[tuple[F64, F64]], rng: np.random.Generator) -> tuple[float, float]:
    """95 %, by drawing deals, and candidates within a deal, with replacement."""
    found = []
    for _ in range(_RESAMPLES):
        chosen = [draws[i] for i in rng.integers(0, len(draws), len(draws))]
        found.append(np.mean([auc(rng.choice(a, len(a)), rng.choice(b, len(b))) for a, b in chosen]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)

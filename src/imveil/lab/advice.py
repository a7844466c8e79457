"""Which way fits: six answers about pictures, people and machines, then at most four ways, numbers from records.

A way says what it reached, what is proven or what broke it, what it costs, what still leaks, and the commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from imveil import record
from imveil.errors import BadInput
from imveil.record import Record, runs, summary

POOLING = 5000
"""From this many pictures of one owner on, pooling gains less than a point or two on record."""


class Situation(NamedTuple):
    """owners: who have pictures.   pictures: of each, about.   hidden_from: who must not see any, "cloud" or "all"
    (the other owners too).   wants: "train" or "ask".   head_may_leave: whether owners and clients may have the model.
    enclave: whether a trusted one is at hand.   error: what an error costs, "little" or "much"."""

    owners: int = 1
    pictures: int = 1000
    hidden_from: Literal["cloud", "all"] = "cloud"
    wants: Literal["train", "ask"] = "train"
    head_may_leave: bool = True
    enclave: bool = False
    error: Literal["little", "much"] = "much"


class Way(NamedTuple):
    """name;

    Attributes
    ----------
    accuracy, proof, cost, leaks
        A sentence each.
    commands
        A line each.
    """

    name: str
    accuracy: str
    proof: str
    cost: str
    leaks: str
    commands: tuple[str, ...]


def advise(of: Situation, records: Iterable[Record] | None = None) -> list[Way]:
    """At most four ways, the best first.

    Parameters
    ----------
    records
        Of kind "private"; all unless given.

    Raises
    ------
    BadInput
    """
    if of.owners < 1 or of.pictures < 1:
        raise BadInput("at least one owner with at least one picture was needed")
    known = list(record.read("private") if records is None else records)
    ways = []
    if of.wants == "ask":
        ways += [_local_answers(known)] if of.head_may_leave else []
        ways.append(_query(known))
    else:
        alone = _alone(known, of.pictures)
        pooled = [_sums(known, private=of.hidden_from == "all" or of.error == "much", owners=of.owners)]
        pooled += [_sums(known, private=False, owners=of.owners)] if of.hidden_from == "cloud" else []
        if of.owners == 1:
            ways.append(alone)
        else:
            ways += [alone, *pooled] if of.pictures >= POOLING else [*pooled, alone]
    if of.enclave:
        ways.insert(0 if of.wants == "train" and of.owners == 1 else 1, _ENCLAVE)
    if of.error == "little":
        ways.append(_perceptual())
    return list(dict.fromkeys(ways))[:4]


def _alone(known: list[Record], pictures: int) -> Way:
    sizes = {int(one.facts["pictures"]): one for one in known if str(one.facts.get("job", "")).startswith("own ")}
    best = max((n for n in sizes if n <= pictures), default=min(sizes, default=0))
    return Way(
        "train at home on a frozen public encoder",
        _said(known, f"own {best}"),
        "nothing leaves, so nothing has to be proven",
        "minutes on two cores, once for each picture",
        "nothing, until the head is shown: then head-membership and head-extraction apply",
        ("imveil round new mine.round --owner me.id.pub --classes ... --totals-tell-who-is-in-them",
         "imveil sum new pictures/ me.sum --round mine.round --identity me.id --totals-tell-who-is-in-them",
         "imveil sum add me.sum --round mine.round --out mine.total", "imveil train mine.total head.safetensors"),
    )  # fmt: skip


def _sums(known: list[Record], *, private: bool, owners: int) -> Way:
    each = " ".join(f"--owner {chr(97 + i)}.id.pub" for i in range(min(owners, 3))) + (" ..." if owners > 3 else "")
    flag = "--epsilon 2" if private else "--totals-tell-who-is-in-them"
    send = "" if private else " --totals-tell-who-is-in-them"
    promise = "(2, 1e-5)-differential privacy for each picture, and masks" if private else "masks"
    return Way(
        "sums under masks" + (" with differential privacy" if private else ""),
        _said(known, "eps 2" if private else "masked"),
        f"{promise}: the cloud sees no single sum (assumes X25519, AES)",
        "some milliseconds and megabytes an owner beside the encoder",
        "the total, with proven noise" if private else "the total tells who is in it: accept that in plain words",
        (f"imveil round new study.round --classes ... {each} {flag}",
         f"imveil sum new pictures/ a.sum --round study.round --identity a.id{send}",
         "imveil sum add a.sum b.sum ... --round study.round --out study.total",
         "imveil train study.total head.safetensors"),
    )  # fmt: skip


def _query(known: list[Record]) -> Way:
    costs = [one for one in known if one.facts.get("job") == "query" and one.facts.get("dim") == 192]
    cost = "; ".join(f"{one.value:g} {one.unit} {one.facts['what']}" for one in record.latest(costs))
    return Way(
        "ask under encryption",
        _said(known, "masked") + "; an answer is that of the head in 8 bits, exactly",
        "the picture is hidden under RLWE with 128 bits by SEAL's own check",
        cost or "not on record",
        "the head, to who asks: as many questions as it has rows copy it",
        ("imveil query new xray.jpg q.query --model head.card --secret q.secret",
         "imveil query answer q.query head.safetensors q.answer", "imveil query open q.answer --secret q.secret"),
    )  # fmt: skip


def _local_answers(known: list[Record]) -> Way:
    return Way("take the head home and ask it there", _said(known, "masked"), "nothing leaves", "the encoder at home",
               "nothing of the picture", ("imveil predict head.safetensors new/",))  # fmt: skip


_ENCLAVE = Way(
    "seal the pictures and train in a trusted enclave",
    "that of any net in the clear",
    "AES-256-GCM on the way; inside, the enclave's maker is trusted",
    "the enclave",
    "sizes and numbers of shards; whatever the enclave leaks",
    ("imveil encrypt pictures/ ciphers/ --key my.key --scheme ...", "imveil seal ciphers/ sealed/ --key my.key"),
)


def _perceptual() -> Way:
    from imveil.lab.standings import rows

    best = next((row for row in rows() if row.recovery is not None and row.accuracy is not None and not row.wrong_key
                 and row.scheme != "plain/1"), None)  # fmt: skip
    accuracy = "not on record" if best is None or best.accuracy is None else (
        f"{best.accuracy:.1f} % ({best.scheme}, {best.data}, n = {best.n})")  # fmt: skip
    broken = "not on record" if best is None or best.recovery is None else (
        f"nothing; the best attack on record recovers {best.recovery:.2f}")  # fmt: skip
    scheme = "negpos/1" if best is None else best.scheme
    return Way(
        "a perceptual scheme, against casual eyes only", accuracy, broken, "a day's training without a GPU",
        "everything that its verdict says: see imveil leaderboard",
        (f"imveil audit --scheme {scheme} --data pictures/",
         f"imveil encrypt pictures/ ciphers/ --scheme {scheme} --key my.key"),
    )  # fmt: skip


def _said(known: list[Record], job: str) -> str:
    found = [one for one in known if one.facts.get("job") == job]
    for group in runs(found):
        mean, spread, n = summary(group)
        first = group[0]
        what = f"{first.facts['pictures']:,} pictures of {first.facts['data']}, {first.facts['encoder']}"
        return f"{mean:.1f} % (sd {spread:.1f}, {n} draws of {what}, {first.n:,} test pictures)"
    return "not on record"

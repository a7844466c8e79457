"""Verdict: what an audit found, in one sentence that can be read without knowing the field; and the whole as JSON."""

from __future__ import annotations

from math import isfinite
from typing import Any, Literal

from imveil.audit.campaign import Audit, Finding
from imveil.audit.identify import PLAIN

Level = Literal["open", "partly open", "recognisable", "nothing found", "no verdict"]


def level(found: Audit) -> Level:
    """How bad it is: pictures come back, parts of them do, they can be told apart, or nothing was found."""
    best = found.told
    if best is None:
        return "no verdict"
    if best.low >= 0.5 and best.pictures:
        return "open"
    if best.low >= 0.05:
        return "partly open"
    if _told_apart(found) is not None:
        return "recognisable"
    return "nothing found"


def sentence(found: Audit) -> str:
    """The verdict in a sentence or two."""
    best, grade = found.told, level(found)
    if best is None:
        return "No attack could be played, so nothing can be said about these pictures."
    interval = f"95 % interval {percent(best.low)} to {percent(best.high)}"
    if not found.truth:
        return _smooth(found, best, grade, interval)
    share = f"recovery {percent(best.recovery)}, {interval}"
    if best.trial.attack.id == "look" and grade == "open":
        return f"These pictures are not encrypted in any sense: the cipher image shows the picture ({share})."
    if grade == "open":
        return f"These pictures are not protected: {_attacker(best)} gets them back ({share}{_identity(best)})."
    if grade == "partly open":
        text = (
            f"These pictures are protected in part only: {_attacker(best)} gets back some of what they show "
            f"({share}{_identity(best)})."
        )
        apart = _told_apart(found)
        more = apart is not None and apart.identified > best.identified + 0.1
        return f"{text} {_apart(apart, 'Moreover, ')}" if apart and more else text
    if grade == "recognisable":
        apart = _told_apart(found)
        assert apart is not None
        return (
            f"These pictures could not be redrawn by what was tried (best: {share}), but they can be told apart: "
            + (_apart(apart))
        )
    return (
        f"None of the {_tried(found)} attacks that were tried got further than a blind guess would (best: {share}). "
        "That is no proof of security: only these attacks were tried."
    )


def _apart(one: Finding, first: str = "") -> str:
    picks = f"picks the right one among {_gallery(one):,} in {percent(one.identified)} of cases"
    return f"{first}{_attacker(one)} {picks}."


def percent(share: float) -> str:
    """A share in words.

    >>> percent(0.9982), percent(1), percent(0)
    ('99.8 %', '100 %', '0 %')
    """
    return f"{100 * share:.3g} %"


def meaning(found: Audit) -> str:
    """What the number in the verdict means, in a sentence."""
    if found.truth:
        return (
            "Recovery is how far an attack gets from the best guess of somebody who saw no cipher image (0 %) to the "
            "picture itself (100 %); the interval says how sure that is, from the pictures it was measured on."
        )
    return (
        "There were no true pictures to compare with. Recovery is the share of images, held out from the attack, whose "
        "result is smoother than 99 % of what the same attack makes of random bytes: pictures are smooth, and chance "
        "gives 1 %."
    )


def _smooth(found: Audit, best: Finding, grade: Level, interval: str) -> str:
    """The verdict where nobody has the true pictures."""
    share = f"{percent(best.recovery)} of the images that were held out ({interval})"
    if found.looks == PLAIN:
        return "These pictures are not encrypted: they show what they show to anyone who opens the files."
    if grade == "open":
        return (
            f"These images are not protected: {_attacker(best)} turns {share} into something as smooth as a picture, "
            "which does not happen with random bytes."
        )
    if grade == "partly open":
        who = f"{_attacker(best)} makes {share}"
        if best.trial.attack.id == "look":
            who = f"as they are, {share} are"
        return (
            f"These images are protected in part only: {who} smoother than random bytes can be, though no pictures; it "
            f"seems that {found.looks}."
        )
    return (
        f"None of the {_tried(found)} attacks that were tried made pictures of these images (best: {share}). That is "
        "no proof of security: only these attacks were tried, and without the true pictures a result that is not "
        "smooth would go unseen."
    )


def _tried(found: Audit) -> int:
    return len({f.trial.attack.id for f in found.findings})


def _attacker(best: Finding) -> str:
    """Who gets that far, and with what."""
    trial, found = best.trial, best.records[0].facts["found"]
    if trial.view == "cpa":
        return f"an attacker who may have {_count(found.get('queries', 0), 'picture')} of his choice encrypted"
    if trial.view == "kpa":
        with_it = "its cipher image" if trial.strength == 1 else "their cipher images"
        return f"an attacker who knows {_count(trial.strength, 'picture')} with {with_it}"
    if "gallery" in trial.attack.needs:
        return f"an attacker who has one cipher image, and {_gallery(best):,} pictures among which the right one is,"
    more = " and other pictures of the kind" if "public" in trial.attack.needs else " and nothing else"
    return f"an attacker who has {_count(trial.strength or 1, 'cipher image')}{more}"


def _count(n: int, what: str) -> str:
    return f"one {what}" if n == 1 else f"{n:,} {what}s"


def _identity(best: Finding) -> str:
    if not best.identified:
        return ""
    return f"; the right one among {_gallery(best):,} is picked in {percent(best.identified)} of cases"


def _gallery(found: Finding) -> int:
    return int(found.records[0].facts["found"].get("gallery", 0))


def _told_apart(found: Audit) -> Finding | None:
    """The finding that identifies most, if it does so far beyond chance."""
    best = max((f for f in found.findings if f.sound), key=lambda f: f.identified, default=None)
    if best is None or not _gallery(best):
        return None
    return best if best.identified > max(0.1, 10 / _gallery(best)) else None


def as_json(found: Audit) -> dict[str, Any]:
    """Everything but the pictures, as JSON can hold it."""
    best = found.best
    return {
        "verdict": sentence(found),
        "meaning": meaning(found),
        "level": level(found),
        "what": found.what,
        "looks": found.looks,
        "data": found.data,
        "views": list(found.views),
        "truth": found.truth,
        "best": None if best is None else line(best),
        "told": None if found.told is None else line(found.told),
        "findings": [line(one) for one in found.findings],
        "skipped": [{"attack": one.attack, "reason": one.reason} for one in found.skipped],
        "metrics": [metric | {"range": _ends(metric["range"])} for metric in found.metrics],
        "notes": found.notes,
        "budget": found.budget,
        "seconds": round(found.seconds, 1),
        "interrupted": found.interrupted,
        "records": [record.model_dump() for record in found.records],
    }


def _ends(ends: list[float] | None) -> list[float | None] | None:
    """JSON has no infinity: an open end is null."""
    return None if ends is None else [value if isfinite(value) else None for value in ends]


def line(found: Finding) -> dict[str, Any]:
    """One finding as numbers and words."""
    mean, sd, seeds = found.spread
    score, trial = found.records[0].facts["found"], found.trial
    return {
        "attack": trial.attack.id,
        "paper": trial.attack.paper,
        "view": trial.view,
        "ciphers": trial.strength if "ciphers" in trial.attack.needs else 0,
        "pairs": trial.strength if "pairs" in trial.attack.needs else 0,
        "queries": score.get("queries", 0),
        "steps": trial.steps,
        "recovery": found.recovery,
        "low": found.low,
        "high": found.high,
        "mean": mean,
        "sd": sd,
        "seeds": seeds,
        "n": found.records[0].n,
        "ssim": score.get("ssim"),
        "blind": score.get("blind"),
        "blind_guess": score.get("blind_guess"),
        "psnr": score.get("psnr"),
        "identified": found.identified,
        "gallery": _gallery(found),
        "control": found.control.get("recovery"),
        "control_identified": found.control.get("identified"),
        "sound": found.sound,
        "notes": score.get("notes", {}),
        "seconds": found.records[0].seconds,
    }


def held(line: dict[str, object]) -> str:
    """What the attacker of a finding had, in words.

    >>> held({"view": "kpa", "pairs": 1, "ciphers": 0, "queries": 0})
    '1 known picture'
    """
    counts = {"queries": "chosen picture", "pairs": "known picture", "ciphers": "cipher image"}
    for name, what in counts.items():
        if line[name]:
            return f"{line[name]:,} {what}" + ("s" if line[name] != 1 else "")
    return "one cipher image"

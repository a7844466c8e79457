"""Verdict: what an audit found, in sentences that can be read without knowing the field; and the whole as JSON.

The headline names the weakest attacker that succeeds; the ladder says of each kind of attacker how far he got.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from imveil.audit.finding import ORDER, Finding, Level
from imveil.audit.identify import PLAIN
from imveil.audit.ladder import RUNGS, Rung
from imveil.audit.outcome import Outcome

_REST = "Nothing says that the rest is safe."


def sentence(found: Outcome) -> str:
    """The verdict in a sentence or two."""
    best, grade = found.headline, found.level
    if found.void:
        return f"No verdict: {found.void[0].lower()}{found.void[1:]}."
    if best is None and found.leaks:
        return f"No attack could be played, but the cipher images tell something by themselves. {_shown(found)}"
    if best is None:
        return "Not enough was tried: no attack could be played, so nothing can be said about these pictures."
    if not found.truth:
        return _smooth(found, best, grade, _interval(best.low, best.high))
    share = _recovery(best)
    if best.level == "open" and best.trial.attack.id == "look":
        return f"These pictures are not encrypted in any sense: the cipher image shows the picture ({share})."
    if grade == "open":
        text = f"These pictures are not protected: {_attacker(best)} gets them back ({share}{_identity(best)})."
        stream = [leak.words for leak in found.leaks if leak.name == "reused stream"]
        return " ".join([text, *stream])
    if grade == "partly open":
        return _partly(found, best, share)
    if grade == "recognisable":
        return _recognisable(found, share)
    tried = f"None of the {_tried(found)} attacks that were tried got further than a blind guess would (best: {share})."
    if grade == "not enough was tried":
        return f"Not enough was tried to say anything: {_gap(found)}. {tried}"
    return f"{tried} That is no proof of security: only these attacks were tried."


def _partly(found: Outcome, best: Finding, share: str) -> str:
    apart, shown = found.told_apart, _shown(found)
    if best.level == "partly open":
        text = (
            f"These pictures are partly open: {_attacker(best)} gets back some of what they show "
            f"({share}{_identity(best)})."
        )
    else:
        text = f"These pictures are partly open. {shown} {_REST}"
    more = apart is not None and apart.identified > best.identified + 0.1
    return f"{text} {_apart(apart, 'Moreover, ')}" if apart and more else text


def _recognisable(found: Outcome, share: str) -> str:
    apart = found.told_apart
    what = f"These pictures could not be redrawn by what was tried (best: {share}), but"
    if apart is not None:
        return f"{what} they can be told apart: {_apart(apart)}"
    return f"{what} their cipher images tell something to anyone who looks. {_shown(found)}"


def _shown(found: Outcome) -> str:
    return found.leaks[0].words if found.leaks else ""


def _gap(found: Outcome) -> str:
    """What is missing for an acquittal, by kind of attacker."""
    kinds = [rung.words for rung in RUNGS if found.core.get(rung.name)]
    return f"the attacks of whoever {', and of whoever '.join(kinds)} were not played to their end"


def ladder(found: Outcome) -> list[dict[str, Any]]:
    """How far each kind of attacker got, the weakest first: {rung, words, level, sentence, and numbers of the best
    attack}, one for each kind that was asked for.

    "Whoever needs nothing but cipher images: gets the pictures back (recovery 98 %, ...)."
    """
    return [_step(found, rung) for rung in RUNGS if rung.view in found.views]


def _step(found: Outcome, rung: Rung) -> dict[str, Any]:
    mine = [f for f in found.findings if f.rung == rung]
    sound = [f for f in mine if f.sound]
    gap = bool(found.core.get(rung.name))
    best = min(sound, key=lambda f: (ORDER.index(f.level), -f.low, -f.identified, *f.need), default=None)
    grade: Level = best.level if best is not None else "nothing found"
    if grade == "nothing found" and (gap or best is None):
        grade = "not enough was tried"
    said = {
        "open": "gets the pictures back",
        "partly open": "gets back a part of what the pictures show",
        "recognisable": "does not get pictures back, and tells whose cipher image is whose",
        "nothing found": "got no further than a blind guess",
        "not enough was tried": "was not tried to the end" + ("; so far" if best else "") if mine else "was not tried",
    }[grade]
    if not mine and rung != RUNGS[0]:
        said += ", and can do at least what those can who have cipher images alone"
    numbers = "" if best is None else f" ({_numbers(best)})"
    return {
        "rung": rung.name,
        "words": rung.words,
        "level": grade,
        "sentence": f"Whoever {rung.words}: {said}{numbers}.",
        "best": None if best is None else line(best),
    }


def _numbers(best: Finding) -> str:
    parts = []
    if "gallery" not in best.trial.attack.needs:
        blind = best.found.get("ssim"), best.found.get("blind")
        parts.append(_recovery(best))
        parts.append(f"{percent(float(best.control.get('recovery') or 0.0))} from random images, which hide nothing")
        if None not in blind:
            parts.append(f"likeness to the picture {blind[0]:.2f}, of a guess without any cipher image {blind[1]:.2f}")
    if best.gallery:
        low, high = best.identified_interval
        picks = f"picks the right one among {best.gallery:,} in {percent(best.identified)} of cases"
        parts.append(f"{picks}, {_interval(low, high)}, by chance {percent(1 / best.gallery)}")
    return "; ".join(parts)


def _recovery(best: Finding) -> str:
    """In percent with its interval, unless all of that is nothing."""
    if best.high == 0:
        return "recovery 0 %"
    return f"recovery {percent(best.recovery)}, {_interval(best.low, best.high)}"


def _interval(low: float, high: float) -> str:
    return f"95 % interval {percent(low)} to {percent(high)}"


def _apart(one: Finding, first: str = "") -> str:
    picks = f"picks the right one among {one.gallery:,} in {percent(one.identified)} of cases"
    return f"{first}{_attacker(one)} {picks}."


def percent(share: float) -> str:
    """A share in words.

    >>> percent(0.9982), percent(1), percent(0)
    ('99.8 %', '100 %', '0 %')
    """
    return f"{100 * share:.3g} %"


def meaning(found: Outcome) -> str:
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


def _smooth(found: Outcome, best: Finding, grade: Level, interval: str) -> str:
    """The verdict where nobody has the true pictures."""
    share = f"{percent(best.recovery)} of the images that were held out ({interval})"
    if found.resembles == PLAIN:
        return "These pictures are not encrypted: they show what they show to anyone who opens the files."
    if grade == "open":
        return (
            f"These images are not protected: {_attacker(best)} turns {share} into something as smooth as a picture, "
            "which does not happen with random bytes."
        )
    if grade == "partly open":
        if best.level != "partly open":
            return f"These images are partly open. {_shown(found)} {_REST}"
        who = f"{_attacker(best)} makes {share}"
        if best.trial.attack.id == "look":
            who = f"as they are, {share} are"
        return (
            f"These images are partly open: {who} smoother than random bytes can be, though no pictures; it "
            f"seems that {found.resembles}."
        )
    if grade == "recognisable":
        return f"These images could not be turned into pictures by what was tried (best: {share}), but {_lower(found)}"
    if grade == "not enough was tried":
        return f"Not enough was tried to say anything: {_gap(found)}."
    return (
        f"None of the {_tried(found)} attacks that were tried made pictures of these images (best: {share}). That is "
        "no proof of security: only these attacks were tried, and without the true pictures a result that is not "
        "smooth would go unseen."
    )


def _lower(found: Outcome) -> str:
    words = _shown(found)
    return words[:1].lower() + words[1:]


def _tried(found: Outcome) -> int:
    return len({f.trial.attack.id for f in found.findings})


def _attacker(best: Finding) -> str:
    """Who gets that far, and with what."""
    trial, found = best.trial, best.records[0].facts["found"]
    if trial.view == "cpa":
        return f"an attacker who may have {_count(found.get('queries', 0), 'picture')} of his choice encrypted"
    if "other_pairs" in trial.attack.needs:
        return f"an attacker who knows {_count(trial.terms.other_pairs, 'picture')} of another size"
    if trial.view == "kpa":
        with_it = "its cipher image" if trial.strength == 1 else "their cipher images"
        return f"an attacker who knows {_count(trial.strength, 'picture')} with {with_it}"
    if "gallery" in trial.attack.needs:
        return f"an attacker who has one cipher image, and {best.gallery:,} pictures among which the right one is,"
    more = " and other pictures of the kind" if "public" in trial.attack.needs else " and nothing else"
    return f"an attacker who has {_count(trial.strength or 1, 'cipher image')}{more}"


def _count(n: int, what: str) -> str:
    return f"one {what}" if n == 1 else f"{n:,} {what}s"


def _identity(best: Finding) -> str:
    if not best.identified:
        return ""
    return f"; the right one among {best.gallery:,} is picked in {percent(best.identified)} of cases"


def as_json(found: Outcome) -> dict[str, Any]:
    """Everything but the pictures, as JSON can hold it."""
    best = found.best
    return {
        "verdict": sentence(found),
        "meaning": meaning(found),
        "level": found.level,
        "ladder": ladder(found),
        "leaks": [
            {"name": one.name, "share": one.share, "level": one.level, "words": one.words} for one in found.leaks
        ],
        "unplayed": found.unplayed,
        "what": found.what,
        "looks": found.resembles,
        "data": found.data,
        "views": list(found.views),
        "truth": found.truth,
        "best": None if best is None else line(best),
        "told": None if found.headline is None else line(found.headline),
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
    (mean, sd, seeds), (low, high) = found.spread, found.identified_interval
    score, trial = found.records[0].facts["found"], found.trial
    return {
        "attack": trial.attack.id,
        "paper": trial.attack.paper,
        "view": trial.view,
        "ciphers": trial.strength if "ciphers" in trial.attack.needs else 0,
        "pairs": trial.strength if "pairs" in trial.attack.needs else 0,
        "other_pairs": trial.terms.other_pairs if "other_pairs" in trial.attack.needs else 0,
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
        "identified_low": low,
        "identified_high": high,
        "gallery": found.gallery,
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
    if line.get("other_pairs"):
        return f"{line['other_pairs']:,} known picture{'s' if line['other_pairs'] != 1 else ''} of another size"
    counts = {"queries": "chosen picture", "pairs": "known picture", "ciphers": "cipher image"}
    for name, what in counts.items():
        if line[name]:
            return f"{line[name]:,} {what}" + ("s" if line[name] != 1 else "")
    return "one cipher image"

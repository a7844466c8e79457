"""Verdict: what an audit found, in one sentence that can be read without knowing the field; and the whole as JSON."""

from __future__ import annotations

from typing import Any, Literal

from imveil.lab.audit import Audit, Finding

Level = Literal["open", "partly open", "recognisable", "nothing found", "no verdict"]


def level(found: Audit) -> Level:
    """How bad it is: pictures come back, parts of them do, they can be told apart, or nothing was found."""
    best = found.best
    if best is None:
        return "no verdict"
    if best.low >= 0.5:
        return "open"
    if best.low >= 0.05:
        return "partly open"
    if _told_apart(found) is not None:
        return "recognisable"
    return "nothing found"


def sentence(found: Audit) -> str:
    """The verdict in a sentence or two."""
    best, grade = found.best, level(found)
    if best is None:
        return "No attack could be played, so nothing can be said about these pictures."
    share = f"{best.recovery:.0%} (95 % interval {best.low:.0%} to {best.high:.0%})"
    if not found.truth:
        return _blind(best, grade, share)
    way = f"of the way from a blind guess to the true picture{_identity(best)}"
    if grade == "open":
        return f"These pictures are not protected: {_attacker(best)} gets back {share} {way}."
    if grade == "partly open":
        return f"These pictures are protected in part only: {_attacker(best)} gets back {share} {way}."
    if grade == "recognisable":
        apart = _told_apart(found)
        assert apart is not None
        return (
            "These pictures could not be redrawn by what was tried, but they can be told apart: "
            f"{_attacker(apart)} picks the right one among {_gallery(apart):,} in {apart.identified:.0%} of cases."
        )
    return (
        f"None of the {len({f.trial.attack.id for f in found.findings})} attacks that were tried got further than a "
        f"blind guess would (best: {share}). That is no proof of security: only these attacks were tried."
    )


def _blind(best: Finding, grade: Level, share: str) -> str:
    if grade in ("open", "partly open"):
        some = "" if grade == "open" else " in part"
        return (
            f"These images are not protected{some}: {_attacker(best)} turned {share} of the images that were held out "
            "into something as smooth as a picture, which does not happen with random bytes."
        )
    return (
        f"No attack that was tried made pictures of these images (best: {share}). That is no proof of security: only "
        "these attacks were tried, and without the true pictures a result that is not smooth would go unseen."
    )


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
    if trial.strength:
        return f"an attacker who has {_count(trial.strength, 'cipher image')} and nothing else"
    return "an attacker who has one cipher image and nothing else"


def _count(n: int, what: str) -> str:
    return f"one {what}" if n == 1 else f"{n:,} {what}s"


def _identity(best: Finding) -> str:
    if not best.identified:
        return ""
    return f", and picks the right one among {_gallery(best):,} in {best.identified:.0%} of cases"


def _gallery(found: Finding) -> int:
    return int(found.records[0].facts["found"].get("gallery", 0))


def _told_apart(found: Audit) -> Finding | None:
    """The finding that identifies most, if it does so far beyond chance."""
    best = max(found.findings, key=lambda f: f.identified, default=None)
    if best is None or not _gallery(best):
        return None
    return best if best.identified > max(0.1, 10 / _gallery(best)) else None


def as_json(found: Audit) -> dict[str, Any]:
    """Everything but the pictures, as JSON can hold it."""
    best = found.best
    return {
        "verdict": sentence(found),
        "level": level(found),
        "what": found.what,
        "data": found.data,
        "views": list(found.views),
        "truth": found.truth,
        "best": None if best is None else _line(best),
        "findings": [_line(one) for one in found.findings],
        "skipped": [{"attack": one.attack, "reason": one.reason} for one in found.skipped],
        "metrics": found.metrics,
        "notes": found.notes,
        "budget": found.budget,
        "seconds": round(found.seconds, 1),
        "interrupted": found.interrupted,
        "records": [record.model_dump() for record in found.records],
    }


def _line(found: Finding) -> dict[str, Any]:
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
        "control": (score.get("control") or {}).get("recovery"),
        "notes": score.get("notes", {}),
        "seconds": found.records[0].seconds,
    }

"""Gate: whether an audit lets a pipeline go on.

report = audit(scheme, images, budget="2m")
answer = gate(report, strict=True)
answer.state, answer.why
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from imveil.audit.outcome import Outcome

STRICT = 0.05  # of recovery and of right picks

State = Literal["passed", "condemned", "not enough was tried", "nothing was judged"]


class Gate(NamedTuple):
    """The answer, and why in a sentence; "" for what passed."""

    state: State
    why: str = ""


def gate(found: Outcome, *, above: float | None = None, identified: float | None = None, strict: bool = False) -> Gate:
    """Judge an audit by limits; without any it passes.

    Parameters
    ----------
    above
        The recovery, 0 to 1, that no attack may surely exceed, nor the share of the pictures that lies open to the eye.
    identified
        The share of right picks among the candidates, 0 to 1, that no attack may surely exceed.
    strict
        Both limits at `STRICT` where none is given; and an audit that tried too little to acquit does not pass, nor one
        whose cipher images show something by themselves.
    """
    if strict:
        above, identified = STRICT if above is None else above, STRICT if identified is None else identified
    if above is None and identified is None:
        return Gate("passed")
    best, apart = found.best, found.told_apart
    if found.void:
        state: State = "not enough was tried" if strict else "nothing was judged"
        return Gate(state, f"nothing was judged: {found.void[0].lower()}{found.void[1:]}")
    if above is not None and found.plain_share > above and (best is None or best.low <= above):
        words = f"the cipher images show {found.plain_share:.3f} by themselves, more than {above:g}"
        return Gate("condemned", words)
    if best is not None and found.condemned(above):
        return Gate("condemned", f"{best.trial.attack.id} recovers at least {best.low:.3f}, more than {above:g}")
    if apart is not None and found.condemned(None, identified):
        low = apart.identified_interval[0]
        return Gate(
            "condemned", f"{apart.trial.attack.id} picks the right one in at least {low:.3f}, more than {identified:g}"
        )
    if strict and found.level == "not enough was tried":
        return Gate("not enough was tried", "too little was tried to acquit; give a longer --budget")
    if strict and any(leak.level in ("partly open", "open") for leak in found.leaks):
        return Gate("condemned", "the cipher images show something of the pictures by themselves")
    if best is None:
        return Gate("nothing was judged", "no attack could be played, so nothing was judged; give a longer --budget")
    return Gate("passed")

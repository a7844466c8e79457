"""The referee: splits the pictures, keeps the targets from the attacker, lets the attack run, and scores its guess.

    play(scheme, images, attack) -> Record

Beside every score stand the best blind guess on the same targets and the same attack against the control, whose
cipher images know nothing of the pictures: an attack that scores there is broken, not the cipher.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from imveil import attacks
from imveil.attacks.base import U8, Attack, Guess, View
from imveil.audit.game.challenger import Challenger, challenger_of, control
from imveil.audit.game.scoring import Score, blind_scores, score
from imveil.audit.game.split import Split, Terms, cropped, split_pictures, view
from imveil.record import Record, digest_of, measured
from imveil.schemes.base import Scheme


@dataclass(frozen=True)
class Played:
    """One game, whole: for reports that show pictures. control: the same attack on noise, None where left out."""

    record: Record
    score: Score
    split: Split = field(repr=False)
    view: View = field(repr=False)
    guess: Guess = field(repr=False)
    control: Score | None = None


def play(
    scheme: Scheme | Challenger,
    images: U8,
    attack: Attack | str,
    *,
    terms: Terms | None = None,
    seed: int = 0,
    data: str = "",
    steps: int | None = None,
    against_noise: bool = True,
) -> Record:
    """Play one attack against a scheme, and score it.

    Parameters
    ----------
    scheme
        What encrypts; a Challenger for somebody else's encryptor.
    images
        (n, h, w, c) uint8, enough for the `terms`.
    attack
        An Attack, or its name as `attacks.find` takes it.
    terms
        How many targets, cipher images, pairs, queries, public pictures and candidates; `Terms()` by default.
    seed
        Decides the split, the key and the attack's rng.
    data
        What the pictures are called in the record.
    steps
        How many the attack may take; None: its own default.
    against_noise
        Play the same attack against noise, too.

    Returns
    -------
    Record of kind "recovery": `value` with `low` and `high`, its 95 % interval, and `facts["found"]` with all numbers.

    Raises
    ------
    BadInput for too few pictures, BadShape for a guess that is no pictures of the targets, UnknownName.
    """
    return game(
        scheme, images, attack, terms=terms, seed=seed, data=data, steps=steps, against_noise=against_noise
    ).record


def game(
    scheme: Scheme | Challenger,
    images: U8,
    attack: Attack | str,
    *,
    terms: Terms | None = None,
    seed: int = 0,
    data: str = "",
    steps: int | None = None,
    against_noise: bool = True,
) -> Played:
    """`play`, whole: with the pictures, for reports that show them."""
    attack = attacks.find(attack) if isinstance(attack, str) else attack
    terms = terms or Terms()
    steps = attack.steps if steps is None else steps
    real = scheme if isinstance(scheme, Challenger) else challenger_of(scheme, seed)
    whole = split_pictures(images, terms, attack.needs, seed)
    split, held, guess, seconds = _run(attack, real, whole, terms, seed, steps)
    blinds = blind_scores(split)
    result = score(split, guess.images, seed, blinds)
    noise = None
    if against_noise:
        shape: Any = tuple(int(d) for d in images.shape[1:])
        _, _, blank, _ = _run(attack, control(real, shape, seed), whole, terms, seed, steps)
        noise = score(split, blank.images, seed, blinds)
    asked = setting(attack, real, data, held.shape, terms, steps)
    found = {
        **asdict(result),
        "queries": held.oracle.queries if held.oracle else 0,
        "notes": {name: float(value) for name, value in guess.notes.items()},
        "control": None if noise is None else asdict(noise),
        **({"says": guess.says} if guess.says else {}),
    }
    record = measured(
        kind="recovery",
        name=attack.id,
        digest=digest_of(asked),
        facts={**asked, "found": found},
        seed=seed,
        value=result.recovery,
        unit="of the way from the best blind guess to the picture",
        n=terms.targets,
        low=result.low,
        high=result.high,
        seconds=round(seconds, 3),
    )
    return Played(record, result, split, held, guess, noise)


def setting(
    attack: Attack, real: Challenger, data: str, shape: tuple[int, int, int], terms: Terms, steps: int
) -> dict[str, Any]:
    """What a game is about, as JSON can hold it: all that its seed does not decide."""
    return {
        "attack": attack.id,
        "needs": sorted(attack.needs),
        "scheme": real.scheme,
        "fields": dict(real.fields),
        "data": data,
        "shape": [int(d) for d in shape],
        "terms": terms.used(attack.needs),
        "steps": steps,
    }


def _run(
    attack: Attack, real: Challenger, split: Split, terms: Terms, seed: int, steps: int
) -> tuple[Split, View, Guess, float]:
    split, held = cropped(split, view(split, real, terms, attack.needs), terms.crop)
    start = time.perf_counter()
    guess = attack.run(held, np.random.default_rng([seed, 4]), steps)
    return split, held, guess, time.perf_counter() - start

"""Audits that found what a test says, without a game."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from imveil.audit.finding import Finding
from imveil.audit.result import Audit
from imveil.audit.trials import Trial, plan
from imveil.record import measured

_PICTURES = np.zeros((2, 16, 16, 3), np.uint8)


def finding(trial: Trial, value: float, noise: float = 0.0, **found: Any) -> Finding:
    about = {"control": {"recovery": noise, "low": noise, "identified": 0.0}, "ssim": value, "blind": 0.1} | found
    one = measured(kind="recovery", name=trial.attack.id, digest="", facts={"found": about}, seed=0, value=value,
                   unit="", n=40, low=max(0.0, value - 0.1), high=min(1.0, value + 0.1), seconds=1)  # fmt: skip
    return Finding(trial, [one], _PICTURES, _PICTURES, _PICTURES)


def made(*values: float, **more: Any) -> Audit:
    """An audit that found so much with one, two, ... known pictures."""
    base = plan(240, (32, 32, 3), ("kpa",), 60)[0][0]
    trials = [replace(base, strength=n) for n in range(1, len(values) + 1)]
    found = [finding(trial, value, **more) for trial, value in zip(trials, values, strict=True)]
    return Audit("x/1", "pictures", ("kpa",), 60, findings=found)

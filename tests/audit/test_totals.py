"""The report on a total says what leaks, plays the attacks, and holds itself to the cap."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tenseal")

from imveil.audit.totals import audit_total
from imveil.cloud.summing import add
from imveil.errors import BadInput, Mismatch
from private import all_sums, made_round


def test_a_total_without_privacy_names_its_members(tmp_path: Path) -> None:
    round_ = made_round(3)
    found = audit_total(add(all_sums(round_, tmp_path), round_), round_)
    words = dict(found.lines)
    assert words["pictures"].startswith("90: 30 cat")
    assert "tells who is in it" in words["members"]
    assert {one.attack for one in found.found} == {"sum-members", "sum-span", "head-membership"}
    assert max(one.value for one in found.found) > 0.6


def test_a_private_total_says_its_cap_and_keeps_it(tmp_path: Path) -> None:
    round_ = made_round(3, epsilon=1.0)
    # A lower end lies above a cap that holds once in sixty audits, by chance; three times in five hardly ever.
    audits = [audit_total(add(all_sums(round_, tmp_path / str(i)), round_), round_) for i in range(5)]
    assert all("no test gains more than an AUC of 0.57" in dict(found.lines)["members"] for found in audits)
    assert sum(all(one.low <= one.cap < 0.6 for one in found.found) for found in audits) >= 3


def test_a_blind_total_is_not_read_and_others_are_refused(tmp_path: Path) -> None:
    round_ = made_round(3, blind=True)
    total = add(all_sums(round_, tmp_path), round_)
    assert "uniform words" in dict(audit_total(total, round_).lines)["total"]
    with pytest.raises(Mismatch):
        audit_total(total, made_round(3, blind=True))
    steps = made_round(3, method="gradient")
    with pytest.raises(BadInput, match="gradient"):
        audit_total(add(all_sums(steps, tmp_path / "g"), steps), steps)

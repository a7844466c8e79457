"""An audit as its caller gets it: saved as page, JSON and table; and what a pipeline makes of it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from audits import made
from imveil.audit import Audit, gate
from imveil.audit.leaks import Leak
from imveil.errors import BadDestination


def test_it_is_saved_as_a_page_with_pictures(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    report = made(0.2, 0.7)
    report.save(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "x/1" in page
    assert page.count("data:image/png;base64,") >= 3, "original, cipher and recovered"
    assert "http://" not in page.replace("http://www.w3.org/", "")
    with pytest.raises(BadDestination, match="exists already"):
        report.save(tmp_path / "x.html")
    report.save(tmp_path / "x.html", force=True)


def test_it_is_saved_for_programs(tmp_path: Path) -> None:
    report = made(0.2, 0.7)
    report.save(tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text())["level"] == report.level == "open"
    report.save(tmp_path / "x.csv")
    with (tmp_path / "x.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2
    with pytest.raises(BadDestination, match=r"kept as \.html, \.json or \.csv"):
        report.save(tmp_path / "x.pdf")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.json"]


def test_it_prints_as_its_verdict() -> None:
    report = made(0.7)
    assert str(report) == report.verdict
    assert report.best is not None
    assert report.best.recovery == 0.7


def test_a_gate_judges_by_the_limits_that_are_given() -> None:
    assert gate(made(0.9)).state == "passed", "no limit was given"
    assert gate(made(0.9), above=0.5).state == "condemned"
    assert gate(made(0.55), above=0.5).state == "passed", "not surely: the interval begins at 0.45"
    assert gate(made(0.1, identified=0.9, gallery=1000), identified=0.5).state == "condemned"
    assert gate(Audit("x/1", "", ("coa",), 60), above=0.5).state == "nothing was judged"


def test_a_strict_gate_does_not_acquit_for_want_of_trying() -> None:
    quiet = made(0.05)
    assert gate(quiet, strict=True).state == "passed"
    assert gate(replace(quiet, core={"many": {"fold"}}), strict=True).state == "not enough was tried"
    assert gate(made(0.2), strict=True).state == "condemned"
    assert gate(made(0.2), strict=True, above=0.5, identified=1.0).state == "passed", "a limit of one's own counts"
    assert gate(made(0.2), strict=True, above=0.0).state == "condemned", "0 is a limit too"
    shown = replace(quiet, leaks=[Leak("smooth", 1.0, "partly open", "Something was left in place.")])
    assert gate(shown, strict=True).state == "condemned"

"""The leaderboard's page, in Chromium: it asks nobody for anything, sorts, filters, and shows what a row rests on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "board.html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def seen() -> Iterator[tuple[Any, list[str]]]:
    """The open page, and whatever it said or asked for."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    said: list[str] = []
    with api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = opened.new_page(viewport={"width": 360, "height": 740})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda one: said.append(one.url) if one.url.startswith(("http", "ws")) else None)
        page.goto(PAGE.as_uri())
        yield page, said
        opened.close()


def column(page: Any, number: int) -> list[str]:
    found: list[str] = page.locator(f"tbody tr[data-row]:visible td:nth-child({number})").all_inner_texts()
    return found


def sums(page: Any, number: int) -> list[str]:
    found: list[str] = page.locator(f"tbody tr:not([data-row]):visible td:nth-child({number})").all_inner_texts()
    return found


def test_it_is_small_and_whole() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(text) <= 300_000
    assert not re.search(r"(src|href)=.?(https?:)?//", text)
    facts = json.loads(re.search(r'id="facts">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    assert len(facts["rows"]) == text.count("<tr data-row=")


def test_rows_sort_by_any_column(seen: tuple[Any, list[str]]) -> None:
    page, _ = seen
    for name, number in (("accuracy, %", 7), ("recovery, %", 11)):
        head = page.locator("th button", has_text=re.compile(f"^{name}$")).first
        head.click()
        down = [float(one) for one in column(page, number) if one]
        head.click()
        assert down == sorted(down, reverse=True)
        assert [float(one) for one in column(page, number) if one] == sorted(down)
        assert page.locator("th[aria-sort=ascending]").count() == 1


def test_rows_are_found(seen: tuple[Any, list[str]]) -> None:
    page, _ = seen
    every, private = len(column(page, 1)), len(sums(page, 1))
    page.fill("#find", "negpos")
    some = column(page, 3)
    assert 0 < len(some) < every
    assert page.locator("#count").inner_text() == f"{len(some)} of {every + private} rows"
    page.fill("#find", "")
    page.check("#best")
    assert set(column(page, 14)) == {""}
    page.uncheck("#best")
    page.select_option("#data", "cifar100")
    assert set(column(page, 2)) == {"cifar100"}
    page.select_option("#data", "")
    assert len(column(page, 1)) == every


def test_heads_from_sums_stand_below_with_what_is_proven(seen: tuple[Any, list[str]]) -> None:
    page, said = seen
    head = page.locator("th button", has_text=re.compile("^accuracy, %$")).nth(1)
    head.click()
    values = [float(one) for one in sums(page, 4)]
    assert len(values) > 5
    assert values == sorted(values, reverse=True)
    assert all(sums(page, 7))
    page.select_option("#data", "pneumoniamnist")
    assert set(sums(page, 1)) == {"pneumoniamnist"}
    page.select_option("#data", "")
    assert said == []


def test_a_row_opens_with_its_recipe_records_and_attacks(seen: tuple[Any, list[str]]) -> None:
    page, said = seen
    row = page.locator("tbody tr[data-row]", has_text="mirrored_negpos_images").first
    button = row.locator("button")
    button.focus()
    page.keyboard.press("Enter")
    more = page.locator("tr.more")
    assert '"epochs"' in more.inner_text()
    for words in ("Records", "test pictures", "Attacks on record", "a list of candidates"):
        assert words in more.inner_text()
    assert more.locator("img").count() == 3
    assert more.locator("img").first.evaluate("image => image.naturalWidth") > 100
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    assert page.locator("tr.more").count() == 0
    assert said == []

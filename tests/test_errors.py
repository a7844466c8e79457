"""`shown`: text of strangers can neither move the cursor nor turn the line around, and stays readable."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from imveil.errors import BadSource, shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("cat", "cat"),
        ("Käse 猫 😀 a b", "Käse 猫 😀 a b"),
        ("cat\r\nimveil: verified", r"cat\r\nimveil: verified"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("a\u2028b\u2029c\u0085d", r"a\u2028b\u2029c\x85d"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\udcff\ud800", r"\xff\ud800"),
        ("\U000e0041", r"\U000e0041"),
        (7, "7"),
    ],
)
def test_shown(text: object, seen: str) -> None:
    assert shown(text) == seen
    assert shown(seen) == seen


def test_no_character_of_unicode_gets_through_that_a_terminal_obeys_or_hides() -> None:
    everything = shown("".join(map(chr, range(sys.maxunicode + 1))))
    assert not {unicodedata.category(char) for char in everything} & {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
    everything.encode()


def test_an_error_shows_names_of_strangers_safely() -> None:
    error = BadSource("no class \x1b[2K in it", hint="see\nimveil: all is well")
    assert str(error) == r"no class \x1b[2K in it; see\nimveil: all is well"

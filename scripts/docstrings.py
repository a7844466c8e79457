"""Examples of docstrings (`>>>`) as code on the site: an extension of griffe, which reads them for the reference."""

from __future__ import annotations

import re
from typing import Any

import griffe

SECTION = re.compile(r"^[ ]*-{3,}[ ]*$", re.MULTILINE)
EXAMPLE = re.compile(r"^(?P<pad>[ ]*)>>> (?:.*\n?)(?:[ ]*\S.*\n?)*", re.MULTILINE)


def fenced(text: str) -> str:
    """The text with every example, from its first prompt to the next empty line, as a block of code.

    >>> print(fenced("It adds.\\n\\n>" + ">> 1 + 1\\n2\\n\\nThat is all."))
    It adds.
    <BLANKLINE>
    ```pycon
    ...
    2
    ```
    <BLANKLINE>
    That is all.
    """

    def block(found: re.Match[str]) -> str:
        pad = found["pad"]
        return f"{pad}```pycon\n{found[0].rstrip()}\n{pad}```\n"

    sections = [found.end() for found in SECTION.finditer(text)]
    last = EXAMPLE.search(text, sections[-1]) if sections else None
    if last is None:
        return EXAMPLE.sub(block, text)
    # Behind a section an example would be read as a part of it: it gets a section of its own, which needs no fence.
    pad = last["pad"]
    return f"{EXAMPLE.sub(block, text[: last.start()])}{pad}Examples\n{pad}--------\n{text[last.start() :]}"


class Examples(griffe.Extension):
    """Changes the docstring of everything that griffe reads."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)

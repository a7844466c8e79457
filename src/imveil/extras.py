"""Libraries that only some formats need: imported when asked for, or one clear line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from imveil.errors import MissingExtra


def need(module: str, extra: str, what: str) -> Any:
    """The module, imported now. Raises MissingExtra. what: what needs it, as a subject.

    >>> need("json", "none", "this example").dumps([1])
    '[1]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = (error.name or module).partition(".")[0]
        raise MissingExtra(
            f"{what} needs {package}, and it is not installed", hint=f"pip install 'imveil[{extra}]'"
        ) from error

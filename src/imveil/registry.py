"""Finds schemes, models, attacks and metrics by being there, and imports one by name only when asked.

A plural folder (`schemes`, `cloud/models`, ...) holds one thing a file. For most kinds the name is the file's
name; a scheme is named by its `id`, which is read from the text of the file, so that listing imports nothing.
Two files with one id are an error, never a silent replacement.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from imveil.errors import UnknownName


@cache
def files(package: str) -> dict[str, Path]:
    """The modules of a plural folder: {module name: file}, in alphabetical order.

    `base` says what a part is and names with a leading _ are helpers: neither is a part.

    >>> "aes_xor" in files("imveil.schemes")
    True
    """
    spec = find_spec(package)
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    found = {file.stem: file for folder in folders for file in Path(folder).glob("*.py")}
    return {name: found[name] for name in sorted(found) if not name.startswith("_") and name != "base"}


def load(package: str, name: str, kind: str) -> ModuleType:
    """The module `name` of a plural folder, imported now; UnknownName with the nearest names when it is not there.

    >>> load("imveil.schemes", "aes_xor", "scheme").__name__
    'imveil.schemes.aes_xor'
    """
    if name not in files(package):
        raise unknown(kind, name, files(package))
    return import_module(f"{package}.{name}")


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The error for a name that nobody has: it names the nearest ones, or all."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
    return UnknownName(f"no {kind} is called {name!r}", hint=f"did you mean {', '.join(near)}?")


@cache
def scheme_files() -> dict[str, tuple[str, str]]:
    """Every scheme: {id: (module, class)}, read from the source text without importing any of it.

    >>> scheme_files()["plain/1"]
    ('plain', 'Plain')
    """
    found: dict[str, tuple[str, str]] = {}
    for module, file in files("imveil.schemes").items():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and (name := _declared_id(node)):
                if name in found:
                    raise UnknownName(f"two schemes are called {name!r}: {found[name][0]}.py and {module}.py")
                found[name] = (module, node.name)
    return dict(sorted(found.items()))


def _declared_id(node: ast.ClassDef) -> str | None:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        if any(isinstance(t, ast.Name) and t.id == "id" for t in targets) and isinstance(value, ast.Constant):
            return str(value.value)
    return None


def scheme_class(name: str) -> Any:
    """The class of the scheme `name`, imported now."""
    known = scheme_files()
    if name not in known:
        raise unknown("scheme", name, known)
    module, cls = known[name]
    return getattr(load("imveil.schemes", module, "scheme"), cls)

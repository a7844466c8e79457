"""Parts, found by being there: schemes, attacks, metrics, models, adapters; ours and those of other packages.

A plural folder (`schemes`, `cloud/models`, ...) holds parts: `base.py` says what a part is, a file that begins with _
is a helper, every other file holds a part or a few near twins. Ids are read from the text of the files, so that listing
imports nothing; a part is imported when it is asked for. Other packages offer theirs by entry points, in groups of the
kind's name (`imveil.schemes`). A name is taken once: a second part of that name is an error that names both.

`find` also takes a part of the user's own file, "mine.py:Stripes". `known` does not: names that came from outside, from
a manifest, a tag, a model or a record, go through `known`, which opens no file.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from imveil.errors import BadPart, UnknownName

_FILE = re.compile(r"(?P<file>.+\.py)(?::(?P<name>[^:]+))?")
_opened: dict[str, tuple[str, str]] = {}  # modules made of users' files: {name: (path, SHA-256 of the text)}

Found = Iterator[tuple[str, str]]  # ids, and the name that stands for each in its module


def _classes(needs: bool) -> Callable[[ast.Module], Found]:
    """Classes with a literal `id`; attacks say what they need, schemes do not."""

    def read(tree: ast.Module) -> Found:
        for node in tree.body:
            told: dict[str, ast.expr | None] = {}
            for one in node.body if isinstance(node, ast.ClassDef) else []:
                targets = one.targets if isinstance(one, ast.Assign) else [getattr(one, "target", None)]
                told |= {t.id: getattr(one, "value", None) for t in targets if isinstance(t, ast.Name)}
            id = told.get("id")
            if isinstance(node, ast.ClassDef) and isinstance(id, ast.Constant) and ("needs" in told) == needs:
                yield str(id.value), node.name

    return read


def _calls(tree: ast.Module) -> Found:
    """Every `Metric(name=...)` that stands in the module's `METRICS`, or under a name of its own."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        for call in ast.walk(value) if isinstance(value, ast.AST) and isinstance(target, ast.Name) else ():
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "Metric":
                given = [k.value for k in call.keywords if k.arg == "name"] + call.args[:1]
                if given and isinstance(given[0], ast.Constant) and isinstance(target, ast.Name):
                    yield str(given[0].value), target.id


def _makers(*annotated: str) -> Callable[[ast.Module], Found]:
    """Public functions whose annotation says that they give one of these: their names are the ids."""

    def read(tree: ast.Module) -> Found:
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or node.returns is None:
                continue
            if ast.unparse(node.returns) in annotated:
                yield node.name, node.name

    return read


@dataclass(frozen=True)
class Kind:
    """One kind of parts. word: what one is called.   package: its plural folder.   read: ids from the text of a file.
    label: the attribute of a part that holds its id."""

    word: str
    package: str
    read: Callable[[ast.Module], Found]
    label: str

    @property
    def group(self) -> str:
        """The group of entry points by which other packages offer such parts."""
        return f"imveil.{self.word}s"


SCHEMES = Kind("scheme", "imveil.schemes", _classes(needs=False), "id")
ATTACKS = Kind("attack", "imveil.attacks", _classes(needs=True), "id")
METRICS = Kind("metric", "imveil.metrics", _calls, "name")
MODELS = Kind("model", "imveil.cloud.models", _makers("nn.Module", "torch.nn.Module"), "__name__")
ADAPTERS = Kind("adapter", "imveil.cloud.adapters", _makers("Adapter"), "__name__")


@dataclass(frozen=True)
class Part:
    """Where a part is: `from module import name` gives it, or a list that it is in.   source: its file or package, as
    errors name it.   distribution: the other package that it comes from, "" for ours."""

    id: str
    module: str
    name: str
    source: str
    distribution: str = ""


@cache
def parts(kind: Kind) -> dict[str, Part]:
    """All parts of a kind by id, in alphabetical order; nothing is imported. BadPart where two have one name.

    >>> parts(SCHEMES)["plain/1"].module
    'imveil.schemes.plain'
    """
    found: dict[str, Part] = {}
    for part in [*_ours(kind), *_theirs(kind)]:
        if part.id in found:
            both = f"{found[part.id].source} and {part.source}"
            whose = part.distribution or found[part.id].distribution
            remedy = f"uninstall {whose}, or have its name changed" if whose else "give one of them another name"
            raise BadPart(f"two {kind.word}s are called {part.id!r}: {both}", hint=remedy)
        found[part.id] = part
    return dict(sorted(found.items()))


def _ours(kind: Kind) -> Iterator[Part]:
    for module, file in files(kind.package).items():
        for id, name in kind.read(ast.parse(file.read_text(encoding="utf-8"))):
            yield Part(id, f"{kind.package}.{module}", name, f"{kind.package}.{module}")


def _theirs(kind: Kind) -> Iterator[Part]:
    from importlib.metadata import entry_points  # slow to load, and only where parts are asked for

    for entry in entry_points(group=kind.group):
        package = entry.dist.name if entry.dist else entry.module
        yield Part(entry.name, entry.module, entry.attr, f"{entry.value} of the package {package}", package)


def find(kind: Kind, name: str) -> Any:
    """The part `name`: an id, or "mine.py:Name" for one in a file of the user's own, "mine.py" where that holds one.

    Raises UnknownName with the nearest names, BadPart for one that fails.
    """
    place = _FILE.fullmatch(name)
    return known(kind, name) if place is None else _of_file(kind, Path(place["file"]), place["name"])


def known(kind: Kind, id: str) -> Any:
    """The part of that id, ours or of an installed package; no file is opened, whatever the id says. UnknownName.

    >>> known(SCHEMES, "plain/1").__name__
    'Plain'
    """
    part = parts(kind).get(id)
    if part is None:
        raise unknown(kind.word, id, parts(kind))
    try:
        found = import_module(part.module)
        for name in part.name.split("."):
            found = getattr(found, name)
    except Exception as error:
        if not part.distribution:
            raise
        raise BadPart(
            f"the {kind.word} {id!r}, {part.source}, cannot be imported: {_said(error)}",
            hint=f"install what it needs, or uninstall {part.distribution}",
        ) from error
    return _checked(kind, _one_of(kind, found, id), id, part.source)


def _one_of(kind: Kind, found: Any, id: str) -> Any:
    listed = found if isinstance(found, list | tuple) else [found]
    return next((one for one in listed if getattr(one, kind.label, None) == id), listed[0] if listed else None)


def _checked(kind: Kind, found: Any, id: str, source: str) -> Any:
    called = getattr(found, kind.label, None)
    if called != id:
        raise BadPart(
            f"{source} was to be the {kind.word} {id!r}, and {kind.label} of what is there is {called!r}",
            hint="an entry point has the name of its part",
        )
    return found


def _of_file(kind: Kind, file: Path, name: str | None) -> Any:
    """The part `name` of a user's file, the only one where no name is given. BadPart; nothing is run that is not it."""
    try:
        text = file.read_bytes()
        tree = ast.parse(text, str(file))
    except OSError as error:
        raise UnknownName(
            f"{file} cannot be read: {error.strerror or error}", hint="give the path of the file"
        ) from error
    except (SyntaxError, ValueError) as error:
        raise BadPart(f"{file} is no Python: {_said(error)}", hint="mend the file") from error
    here = list(kind.read(tree))
    listed = ", ".join(f"{file}:{id if kind is METRICS else own}" for id, own in here)
    if not here:
        raise BadPart(f"{file} holds no {kind.word}", hint=f"see the docstring of {kind.package}.base for what one is")
    chosen = here if name is None else [one for one in here if name in one]
    if not chosen:
        raise BadPart(f"{file} holds no {kind.word} called {name!r}", hint=f"it holds {listed}")
    if len(chosen) > 1:
        raise BadPart(f"{file} holds {len(chosen)} {kind.word}s, and none is named", hint=f"name one: {listed}")
    [(id, own)] = chosen
    if id in parts(kind):
        raise BadPart(
            f"the {kind.word} in {file} is called {id!r}, and so is {parts(kind)[id].source}",
            hint=f"give yours another {kind.label}",
        )
    found = getattr(_module(file.resolve(), text), own)
    return _checked(kind, _one_of(kind, found, id), id, f"{file}:{own}")


def _module(file: Path, text: bytes) -> ModuleType:
    """The module made of a user's file, run once for each state of it."""
    digest = hashlib.sha256(text).hexdigest()
    called = f"{file.stem}_{hashlib.sha256(f'{file} {digest}'.encode()).hexdigest()[:12]}"
    if called in _opened:
        return sys.modules[called]
    spec = spec_from_file_location(called, file)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[called] = module  # a dataclass looks up its annotations there
    try:
        exec(compile(text, str(file), "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[called]
        raise BadPart(f"{file} fails when it is imported: {_said(error)}", hint="mend the file") from error
    _opened[called] = str(file), digest
    return module


def reduced(one: Any, state: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """How to pickle a part whose class came from a user's file, for processes of our own; None for all others."""
    kind = type(one)
    return None if kind.__module__ not in _opened else (_again, (*_opened[kind.__module__], kind.__name__, dict(state)))


def _again(path: str, digest: str, name: str, state: dict[str, Any]) -> Any:
    text = Path(path).read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        raise BadPart(f"{path} was changed while it was in use", hint="start again")
    return getattr(_module(Path(path), text), name)(**state)


def _said(error: BaseException) -> str:
    """An error of somebody's code in one line, with the line of their file where that is known."""
    trace, line = error.__traceback__, getattr(error, "lineno", None)
    while trace is not None and line is None:
        if trace.tb_next is None and trace.tb_frame.f_code.co_filename != __file__:
            line = trace.tb_lineno
        trace = trace.tb_next
    text = getattr(error, "msg", None) or str(error)
    told = " ".join(f"{type(error).__name__}: {text}".split()) if text else type(error).__name__
    return told if line is None or not isinstance(error, Exception) else f"{told} (line {line})"


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

    >>> load("imveil.store.containers", "npz", "container").__name__
    'imveil.store.containers.npz'
    """
    if name not in files(package):
        raise unknown(kind, name, files(package))
    return import_module(f"{package}.{name}")


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The error for a name that nobody has: it names the nearest, three at most.

    >>> print(unknown("scheme", "negpos", ["etc/1", "le/1", "negpos/1", "plain/1"]))
    no scheme is called 'negpos'; did you mean negpos/1?
    """
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    some = ", ".join(near or known[:3]) + ("" if near or len(known) <= 3 else ", ...")
    return UnknownName(f"no {kind} is called {name!r}", hint=f"did you mean {some}?" if near else f"there are {some}")


def face(module: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a room's face: public names, each loaded from its module when it is asked for.

    >>> get, listed = face("imveil.keys", {"Key": "imveil.keys.key"})
    >>> get("Key").__name__, listed()
    ('Key', ['Key'])
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    def listed() -> list[str]:
        own = [name for name, one in vars(sys.modules[module]).items() if getattr(one, "__module__", "") == module]
        return sorted({*homes, *(name for name in own if not name.startswith("_"))})

    return get, listed

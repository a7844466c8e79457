"""The house: what may import what, to the ends of every chain; no circles; sizes; what importing costs.

The arrows are those of CONTRIBUTING.md. The tree is parsed once.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from imveil import registry

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "imveil"
ROOMS = {
    "keys": set(),
    "plans": set(),
    "metrics": set(),
    "store": set(),
    "schemes": {"plans", "keys"},
    "attacks": {"plans"},
    "cloud": {"store", "plans", "attacks"},
    "owner": {"store", "plans", "schemes", "keys"},
    "audit": {"attacks", "metrics", "schemes", "plans", "keys", "store", "owner"},
    "lab": {"keys", "plans", "metrics", "store", "schemes", "attacks", "cloud", "owner", "audit"},
}
KEYLESS = {
    "attacks": {"keys", "schemes", "owner", "audit", "lab"},
    "cloud": {"keys", "schemes", "owner", "audit", "lab"},
}
PLURAL = {
    "schemes", "attacks", "metrics", "cloud/models", "cloud/adapters", "store/containers", "owner/sources",
    "owner/encoders", "attacks/messages", "plans/transforms",
}  # fmt: skip
GROUND = {"imveil"} | {
    f"imveil.{name}" for name in ("errors", "registry", "extras", "system", "interval", "record", "statuses")
}


def _modules() -> dict[str, Path]:
    names = {}
    for file in SOURCE.rglob("*.py"):
        parts = ["imveil", *file.relative_to(SOURCE).with_suffix("").parts]
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


MODULES = _modules()
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in MODULES.items()}


def _nodes(module: str, first: bool) -> Iterator[ast.AST]:
    """All nodes of a module; first: only those that run when it is imported."""
    todo: list[ast.AST] = [TREES[module]]
    while todo:
        node = todo.pop()
        yield node
        late = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not (first and (late or typing)):
            todo.extend(ast.iter_child_nodes(node))


@cache
def imports(module: str, first: bool = False) -> frozenset[str]:
    """The imveil modules that a module names in import statements, function bodies too unless `first`."""
    found: set[str] = set()
    for node in _nodes(module, first):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: imports are absolute here"
            base = node.module or ""
            names = {f"{base}.{alias.name}" for alias in node.names}
            # A name that is a module does not lead to all that its package's face may load.
            found |= names & MODULES.keys() or {base}
    return frozenset(name for name in found if name in MODULES and name != module)


def test_the_package_needs_nothing_beside_it() -> None:
    """What stands in scripts/, benchmarks/ or tests/ is not there for who installs a wheel."""
    beside = {"scripts", "benchmarks", "tests"}
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {name.split(".")[0] for name in names} & beside, module


def room(module: str) -> str:
    return "" if module in GROUND else [*module.split("."), ""][1]


def reached(module: str) -> set[str]:
    seen, todo = set(), [module]
    while todo:
        for name in imports(todo.pop()):
            # Ground files and faces load their public names when asked for, not when imported.
            if name not in seen and name not in GROUND:
                seen.add(name)
                todo.append(name)
    return seen


@pytest.mark.parametrize("here", ROOMS)
def test_arrows(here: str) -> None:
    wrong = {
        module: sorted(far)
        for module in MODULES
        if room(module) == here
        and (far := {name for name in imports(module) if room(name) not in ROOMS[here] | {here, ""}})
    }
    assert not wrong, f"{here} may import {sorted(ROOMS[here])}"


def test_every_folder_is_a_room() -> None:
    folders = {file.parent.name for file in SOURCE.glob("*/__init__.py")}
    assert folders == {*ROOMS, "cli"}
    loose = {f"imveil.{file.stem}" for file in SOURCE.glob("*.py")} - {"imveil.__init__", "imveil.__main__"}
    assert loose <= GROUND | {"imveil.torch"}


@pytest.mark.parametrize("ground", sorted(GROUND - {"imveil"}))
def test_ground_files_import_no_room(ground: str) -> None:
    if ground in MODULES:
        assert not {name for name in imports(ground) if room(name)}, ground


@pytest.mark.parametrize("side", KEYLESS)
def test_no_chain_leads_to_the_key(side: str) -> None:
    for module in MODULES:
        if room(module) == side:
            assert not {m for m in reached(module) if room(m) in KEYLESS[side]}, module


def test_no_circles() -> None:
    """Counting every import statement, those in function bodies too: a circle that is dodged is one."""
    state: dict[str, int] = {}
    circles = []

    def visit(module: str, path: list[str]) -> None:
        state[module] = 1
        for name in sorted(imports(module) - GROUND):
            if state.get(name) == 1:
                circles.append(" -> ".join([*path[path.index(name) :], name]))
            elif name not in state:
                visit(name, [*path, name])
        state[module] = 2

    for module in sorted(MODULES.keys() - GROUND):
        if module not in state:
            visit(module, [module])
    assert not circles


@pytest.mark.parametrize("folder", sorted(PLURAL))
def test_parts_of_a_plural_folder_do_not_import_each_other(folder: str) -> None:
    package = "imveil." + folder.replace("/", ".")
    parts = {f"{package}.{name}" for name in registry.files(package)}
    assert parts
    assert f"{package}.base" not in parts
    assert f"{package}.base" in MODULES
    wrong = {part: sorted(far) for part in parts if (far := imports(part) & parts)}
    assert not wrong


def test_modules_are_one_idea() -> None:
    long = {str(f.relative_to(ROOT)): n for f in MODULES.values() if (n := len(f.read_text().splitlines())) > 400}
    assert not long


@pytest.mark.parametrize(("here", "most"), [("lab", 17), ("owner", 18)])
def test_rooms_are_not_flat(here: str, most: int) -> None:
    loose = [file.name for file in (SOURCE / here).glob("*.py") if file.name != "__init__.py"]
    assert len(loose) <= most


@pytest.mark.parametrize(("here", "most"), [("lab", 5), ("owner", 6)])
def test_rooms_have_few_floors(here: str, most: int) -> None:
    """A floor is a link of the longest chain of imports inside the room; a folder of the room is one box."""
    boxes: dict[str, set[str]] = {}
    for module in MODULES:
        if room(module) == here and module != f"imveil.{here}":
            box = module.split(".")[2]
            below = {name.split(".")[2] for name in imports(module) if room(name) == here and name.count(".") > 1}
            boxes.setdefault(box, set()).update(below - {box})

    def floors(box: str, above: tuple[str, ...] = ()) -> int:
        assert box not in above, f"a circle of boxes: {' -> '.join([*above, box])}"
        return 1 + max((floors(one, (*above, box)) for one in boxes[box]), default=0)

    assert max(map(floors, boxes)) <= most


def test_every_module_says_what_it_promises() -> None:
    for module, tree in TREES.items():
        assert ast.get_docstring(tree), module


def test_commands_say_what_they_say_through_words_and_progress() -> None:
    """Only there is text of a stranger made harmless: say(), note(), say_json(), say_table() of imveil.cli.words."""
    own = {"imveil.cli.words", "imveil.cli.progress"}
    raw = {"print", "typer.echo", "typer.secho", "click.echo", "sys.stdout.write", "sys.stderr.write", "Console"}
    wrong = [
        f"{module}:{node.lineno}: {ast.unparse(node.func)}"
        for module in MODULES
        if room(module) == "cli" and module not in own
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Call) and ast.unparse(node.func) in raw
    ]
    assert not wrong


def test_every_command_stands_in_a_group_of_the_help() -> None:
    for module in MODULES:
        if room(module) == "cli" and "def register(" in MODULES[module].read_text(encoding="utf-8"):
            names = {
                t.id
                for n in TREES[module].body
                if isinstance(n, ast.Assign)
                for t in n.targets
                if isinstance(t, ast.Name)
            }
            assert "GROUP" in names, f"{module} needs GROUP = one of imveil.cli.GROUPS"


def test_importing_imveil_loads_no_torch_and_no_numba() -> None:
    code = (
        "import sys, imveil, imveil.cli; imveil.cli.build(); imveil.schemes.names();"
        "assert not {'torch', 'numba'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_finding_a_scheme_loads_no_torch_and_no_numba() -> None:
    code = (
        "import sys, imveil; [imveil.find(i) for i in imveil.schemes.names()];"
        "assert not {'torch', 'numba'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

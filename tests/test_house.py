"""The house: what may import what, sizes of modules, and what importing costs. The arrows of CONTRIBUTING.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "imveil"
ARROWS = {
    "keys": set(),
    "cipher": {"keys"},
    "store": set(),
    "owner": {"store", "cipher", "keys"},
    "cloud": {"store"},
    "lab": {"keys", "cipher", "store", "owner", "cloud"},
}
PLURAL = ["cipher/schemes", "store/containers", "cloud/models", "cloud/adapters", "lab/attacks", "lab/metrics"]
OPEN = {"imveil", "imveil.errors", "imveil.registry"}


def modules() -> dict[str, Path]:
    names = {}
    for file in SOURCE.rglob("*.py"):
        parts = ["imveil", *file.relative_to(SOURCE).with_suffix("").parts]
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


MODULES = modules()


def imports(module: str) -> set[str]:
    """The imveil modules that a module names in import statements anywhere, function bodies too."""
    file = MODULES[module]
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return {name for name in found if name in MODULES and name != module}


def room(module: str) -> str:
    return [*module.split("."), ""][1] if module not in OPEN else ""


def reached(module: str) -> set[str]:
    seen, todo = set(), [module]
    while todo:
        for name in imports(todo.pop()):
            # imveil/__init__ loads its public names when asked for, not when imported.
            if name not in seen and name not in OPEN:
                seen.add(name)
                todo.append(name)
    return seen


@pytest.mark.parametrize("module", sorted(m for m in MODULES if room(m) in ARROWS))
def test_arrows(module: str) -> None:
    allowed = ARROWS[room(module)] | {room(module), ""}
    wrong = {name for name in imports(module) if room(name) not in allowed}
    assert not wrong, f"{module} may import {sorted(allowed)}, not {sorted(wrong)}"


@pytest.mark.parametrize("side", ["cloud", "store"])
def test_no_chain_leads_to_the_key(side: str) -> None:
    for module in MODULES:
        if room(module) == side:
            assert not {m for m in reached(module) if room(m) in {"keys", "cipher", "owner", "lab"}}, module


def test_attacks_see_no_keys() -> None:
    for module in MODULES:
        if module.startswith("imveil.lab.attacks."):
            assert not {m for m in reached(module) if room(m) in {"keys", "owner"}}, module


@pytest.mark.parametrize("folder", PLURAL)
def test_files_of_a_plural_folder_do_not_import_each_other(folder: str) -> None:
    package = "imveil." + folder.replace("/", ".")
    for module in MODULES:
        if module.startswith(package + "."):
            assert not {m for m in imports(module) if m.startswith(package + ".")}, module


def test_modules_are_one_idea() -> None:
    long = {str(f.relative_to(ROOT)): n for f in MODULES.values() if (n := len(f.read_text().splitlines())) > 400}
    assert not long


def test_every_module_says_what_it_promises() -> None:
    for module, file in MODULES.items():
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), module


def test_importing_imveil_loads_no_torch_and_no_numba() -> None:
    code = (
        "import sys, imveil, imveil.cli; imveil.cli.build(); imveil.schemes();"
        "assert not {'torch', 'numba'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_finding_a_scheme_loads_no_torch_and_no_numba() -> None:
    code = (
        "import sys, imveil; [imveil.find(i) for i in imveil.schemes()];"
        "assert not {'torch', 'numba'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Build the documentation site: docs/, the pages of the root and a reference of every public name, into build/site.

usage: python -m scripts.site [--stage]    --stage writes build/docs and the menu, and builds nothing

README.md is the first page. A link that leads out of docs/ to a page of the root is turned to where that page lies on
the site; a link to a source file becomes its name. Warnings are errors.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from inspect import isclass, isfunction, ismodule
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
PAGES = BUILD / "docs"
ROOT_PAGES = {"README.md": "index.md"} | {
    name: name for name in ("SECURITY.md", "CONTRIBUTING.md", "UPGRADING.md", "CHANGELOG.md")
}
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)#:\s]+)(?P<anchor>#[^)\s]*)?\)")

# The menu: a tab and its pages, in order. A page of docs/ that is named nowhere stands under "How-to"; one that is not
# there yet is left out.
MENU: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "tutorial.md", "SECURITY.md", "accuracy-and-secrecy.md"),
    "Paths": ("paths/pictures.md", "paths/train.md", "paths/judge.md", "private.md", "paths/research.md"),
    "How-to": (),
    "Attacks": ("attacks/index.md", "attacks/*"),
    "Schemes": (
        "schemes.md", "matrix.md", "leaderboard.md", "accuracy.md", "claims.md", "metrics.md", "sequences.md",
        "jpeg.md",
    ),
    "Formats": ("formats.md", "compression.md", "spec/*"),
    "Speed": ("speed.md", "scale.md"),
    "Reference": ("python.md", "cli.md", "api/*"),
    "Changes": ("CHANGELOG.md", "UPGRADING.md", "CONTRIBUTING.md"),
}  # fmt: skip
ROOMS = ("imveil", *(f"imveil.{room}" for room in ("schemes", "attacks", "metrics", "audit", "owner", "cloud")))
# What a user meets as an argument or an answer, and no face names.
BESIDE = {
    "imveil.plans": ("imveil.plans.plan.Plan",),
    "imveil.keys": ("imveil.keys.key.Key", "imveil.keys.stream.Keystream", "imveil.keys.reference.KeyRef"),
    "imveil.store": ("imveil.store.manifest.Manifest", "imveil.store.sets.open_set"),
}


def main(words: Sequence[str]) -> None:
    """Stage, then build."""
    stage()
    if "--stage" in words:
        return
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(BUILD / "zensical.toml")]
    known = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": known})
    said = done.stdout + done.stderr
    if done.returncode or re.search(r"\bwarning\b", said, re.IGNORECASE):
        sys.exit(f"the site has warnings, and they count as errors:\n{said}")
    print(f"site: {len(list((BUILD / 'site').rglob('*.html')))} pages in {BUILD / 'site'}, first index.html")


def stage() -> None:
    """Every page in one folder, and the settings with the menu beside it."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for name, there in ROOT_PAGES.items():
        if (ROOT / name).exists():
            (PAGES / there).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    for page in PAGES.rglob("*.md"):
        page.write_text(at_home(page.read_text(encoding="utf-8"), source_of(page)), encoding="utf-8")
    for name, text in reference().items():
        (PAGES / "api").mkdir(exist_ok=True)
        (PAGES / "api" / f"{name}.md").write_text(text, encoding="utf-8")
    settings = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    menu = f"nav = {toml(tabs())}\n"
    head, found, rest = settings.partition("[project.theme]")
    (BUILD / "zensical.toml").write_text(head + menu + found + rest, encoding="utf-8")


def source_of(page: Path) -> Path:
    """Where a staged page comes from."""
    name = page.relative_to(PAGES).as_posix()
    back = {there: here for here, there in ROOT_PAGES.items()}
    return ROOT / back[name] if name in back else ROOT / "docs" / name


def at_home(text: str, source: Path) -> str:
    """The text with its links as they lead on the site."""

    def turned(link: re.Match[str]) -> str:
        target = (source.parent / link["target"]).resolve()
        if target.is_relative_to(ROOT / "docs"):
            there = target.relative_to(ROOT / "docs")
            there = there / "index.md" if (target / "index.md").exists() else there
        elif target.relative_to(ROOT).as_posix() in ROOT_PAGES:
            there = Path(ROOT_PAGES[target.relative_to(ROOT).as_posix()])
        else:
            return link["text"].strip("![]")
        if target.is_dir() and not (target / "index.md").exists():
            there = there / "key.md"  # the first page of docs/spec
        here = staged(source).parent
        steps = [".."] * len(here.parts)
        return f"{link['text']}({'/'.join([*steps, there.as_posix()])}{link['anchor'] or ''})"

    return LINK.sub(turned, text)


def staged(source: Path) -> Path:
    """Where a page lies on the site, from the site's root."""
    name = source.relative_to(ROOT).as_posix()
    return Path(ROOT_PAGES[name]) if name in ROOT_PAGES else source.relative_to(ROOT / "docs")


def tabs() -> list[dict[str, list[dict[str, str]]]]:
    """The menu, with titles from the pages' first lines."""
    there = {page.relative_to(PAGES).as_posix(): page for page in sorted(PAGES.rglob("*.md"))}
    menu: dict[str, list[str]] = {}
    for tab, patterns in MENU.items():
        menu[tab] = []
        for pattern in patterns:
            fitting = [
                name
                for name in there
                if Path(name).match(pattern) and Path(name).parts[:-1] == Path(pattern).parts[:-1]
            ]
            menu[tab] += [name for name in fitting if name not in menu[tab]]
    named = {name for names in menu.values() for name in names}
    menu["How-to"] += [name for name in there if name not in named]
    return [{tab: [{title(there[name]): name} for name in names]} for tab, names in menu.items() if names]


def title(page: Path) -> str:
    """The first heading, up to its colon."""
    first = next(line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("# "))
    return first.removeprefix("# ").split(":")[0].replace("`", "").strip()


def toml(value: object) -> str:
    """Lists, tables and text as TOML; the text of JSON is TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def reference() -> dict[str, str]:
    """A page for each room with every name that its face gives, and what users meet beside them."""
    pages = {}
    for room in ROOMS:
        module = import_module(room)
        homes = [home for name in public(module) if (home := home_of(room, name))]
        if homes:
            pages[room] = page_of(room, homes)
    for room, homes in BESIDE.items():
        pages[room] = page_of(room, list(homes))
    return pages


def public(module: object) -> list[str]:
    """What a face gives, in its order or in alphabetical order."""
    return [
        name for name in dir(module) if not name.startswith("_") and name not in ("Any", "TYPE_CHECKING", "annotations")
    ]


def home_of(room: str, name: str) -> str | None:
    """Where a public name is defined; None for modules and for what is not of this package."""
    thing = getattr(import_module(room), name)
    if ismodule(thing) or not (isclass(thing) or isfunction(thing)):
        return None
    return f"{thing.__module__}.{thing.__name__}" if thing.__module__.startswith("imveil") else None


def page_of(room: str, homes: list[str]) -> str:
    """The Markdown of a page: a heading, the room's first line, a block for each name."""
    words = (import_module(room).__doc__ or "").strip().split("\n\n")[0]
    blocks = "\n\n".join(f"::: {home}" for home in dict.fromkeys(homes))
    return f"# {room}\n\n{words}\n\n{blocks}\n"


if __name__ == "__main__":
    main(sys.argv[1:])

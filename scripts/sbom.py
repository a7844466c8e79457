"""Write imveil.cdx.json, what the wheel is made of (CycloneDX, PEP 770); `--check` only says whether it is fresh.

usage: python -m scripts.sbom [--check]

What the wheel needs is listed with the range that it asks for; what lies in the wheel itself, bundled into the page of
the browser, with its version. Nothing here is a date or drawn at random: the same sources give the same file.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FILE = ROOT / "imveil.cdx.json"


def bill() -> str:
    """The file as it has to be."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    me = {
        "type": "library",
        "bom-ref": "imveil",
        "name": "imveil",
        "version": project["version"],
        "description": project["description"],
        "licenses": [{"license": {"id": project["license"]}}],
        "purl": f"pkg:pypi/imveil@{project['version']}",
    }
    needed = [_needed(text) for text in project["dependencies"]]
    bundled = _bundled()
    page = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": me},
        "components": [*needed, *bundled],
        "dependencies": [{"ref": "imveil", "dependsOn": [one["bom-ref"] for one in (*needed, *bundled)]}],
    }
    return json.dumps(page, indent=2) + "\n"


def _needed(text: str) -> dict[str, Any]:
    """A requirement of the core."""
    name = re.split(r"[^\w.-]", text)[0]
    purl = f"pkg:pypi/{name.lower()}"
    range_ = {"name": "imveil:range", "value": text.removeprefix(name)}
    return {"type": "library", "bom-ref": purl, "name": name, "scope": "required", "purl": purl, "properties": [range_]}


def _bundled() -> list[dict[str, Any]]:
    """What the page's build takes in: the packages that its sources import, in the versions that are locked."""
    lock = ROOT / "web" / "package-lock.json"
    if not lock.exists():
        return []
    locked = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    sources = [*(ROOT / "web" / "src").rglob("*.ts"), *(ROOT / "web" / "page").rglob("*.ts")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    names = {
        match
        for match in re.findall(r'from "((?:@[\w.-]+/)?[\w-][\w.-]*)[^"]*"', text)
        if f"node_modules/{match}" in locked
    }
    found = []
    for name in sorted(names):
        one = locked[f"node_modules/{name}"]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{one['version']}"
        item = {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": one["version"],
            "scope": "required",
            "purl": purl,
        }
        found.append(item | ({"licenses": [{"license": {"id": one["license"]}}]} if "license" in one else {}))
    return found


def main() -> None:
    """Write it, or say that it is stale."""
    fresh = bill()
    if "--check" in sys.argv:
        if not FILE.exists() or FILE.read_text(encoding="utf-8") != fresh:
            sys.exit(f"{FILE.name} is stale: run python -m scripts.sbom")
    else:
        FILE.write_text(fresh, encoding="utf-8")
    print(f"{FILE.name} fresh")


if __name__ == "__main__":
    main()

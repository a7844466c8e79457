"""Draw docs/audit.png, the first screens of a report, with Chromium and playwright.

usage: python -m scripts.pictures.audit_picture
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import imveil
from imveil.audit.campaign import audit
from imveil.lab import samples

OUT = Path(__file__).parents[2] / "docs" / "audit.png"


def main() -> None:
    """The first screens of the report on the founding paper's scheme, from cipher images alone."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    from imveil.audit.report.page import write_audit

    pictures = samples.pictures_of("cifar10 test")[:2200]
    scheme = imveil.find("logistic-xor/1")
    found = audit(scheme, pictures, budget=60, views=["coa"], data="cifar10 test: 2,200 pictures of 32x32x3")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        page = Path(folder) / "report.html"
        write_audit(page, found, "imveil audit --scheme logistic-xor/1 --data cifar10 --view coa --budget 60s")
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1100, "height": 1250})
        tab.goto(page.as_uri())
        tab.screenshot(path=OUT)
        browser.close()
    Image.open(OUT).convert("RGB").quantize(256).save(OUT, optimize=True)
    print(f"{OUT.name}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

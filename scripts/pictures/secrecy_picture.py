"""Draw docs/secrecy.png, what the second-order solver gets back against the number of cipher images, from records.

usage: python -m scripts.pictures.secrecy_picture
"""

from __future__ import annotations

from pathlib import Path

from scripts.tables.secrecy import draw

if __name__ == "__main__":
    draw(Path(__file__).parents[2] / "docs" / "secrecy.png")

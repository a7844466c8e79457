"""What the tests of audits share: pictures, the command line, fewer attacks, those that train for two steps only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imveil import attacks
from imveil.cli import main
from smooth import smooth_pictures

HERE = Path(__file__).parent
PICTURES = smooth_pictures(160, side=16)
QUICK = ["chosen-plan", "fold", "inverse-net", "known-plan", "link", "look", "many-time-pad"]


@pytest.fixture
def few_attacks(monkeypatch: pytest.MonkeyPatch, few_steps: None) -> None:
    """One attack of each kind is enough to see what an audit makes of its answer."""
    del few_steps
    monkeypatch.setattr("imveil.attacks.names", lambda: QUICK)


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attacks that train take two steps: they are there to be played, not to win."""
    for attack in map(attacks.find, attacks.names()):
        if attack.steps:
            monkeypatch.setattr(type(attack), "steps", 2)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Calls `imveil audit` with words, in a folder of its own; exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("imveil.system.running", lambda: 0.0)  # this process has run for minutes

    def call(*args: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["audit", *(str(arg) for arg in args)])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return int(left.value.code or 0), out, err

    return call


def write(folder: Path, images: Any, names: str = "{:03}.png") -> Path:
    """Pictures as PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(images):
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(folder / names.format(i))
    return folder

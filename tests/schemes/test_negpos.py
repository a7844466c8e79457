"""negpos/1 without numba: one picture is not worth the half second that compiled loops take to load."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import imveil
from imveil.keys.key import Key
from imveil.schemes import negpos

ONE = """
import sys, numpy as np, imveil
from imveil.keys.key import Key
image = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(1, 6, 4, 3)
cipher = imveil.find("negpos/1", per_image=%s).encrypt(image, Key.generate(), ["a"])
assert "numba" not in sys.modules
"""


@pytest.mark.parametrize("per_image", [False, True])
def test_one_picture_loads_no_numba(per_image: bool) -> None:
    subprocess.run([sys.executable, "-c", ONE % per_image], check=True)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_with_and_without_it_the_bytes_are_the_same(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(channels).integers(0, 256, (3, 6, 4, channels), np.uint8)
    key, shape = Key.generate(), (6, 4, channels)
    one, each = imveil.find("negpos/1"), imveil.find("negpos/1", per_image=True)
    made: list[Any] = []
    for pays in (False, True):
        monkeypatch.setattr(negpos, "compiling_pays", lambda _, pays=pays: pays)
        plan = one.plan_from_material(shape, **one.material(key, shape))
        made.append((plan, each.encrypt(images, key, ["a", "b", "c"]).images))
    assert made[0][0] == made[1][0]
    np.testing.assert_array_equal(made[0][1], made[1][1])

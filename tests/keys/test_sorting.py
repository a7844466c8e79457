"""The radix sort of key streams: exactly numpy's stable order, and no numba for few words."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imveil.keys import sorting
from imveil.keys.key import Key


@given(st.integers(0, 2**32), st.integers(0, 3000), st.sampled_from([0, 20, 33, 45, 60, 63]))
def test_radix_is_the_stable_order(seed: int, n: int, zeroed: int) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 1 << 64, n, np.uint64)
    for few in (words >> np.uint64(zeroed), words << np.uint64(zeroed), words // np.uint64(1 << zeroed)):
        np.testing.assert_array_equal(sorting._compiled()(few), np.argsort(few, kind="stable"))


@pytest.mark.parametrize("n", [0, 1, 1023, 1024, 150_528])
def test_order_is_the_same_with_and_without_numba(n: int) -> None:
    import numba as _  # noqa: F401

    words = np.frombuffer(Key(bytes(32)).stream().bytes(8 * n), "<u8")
    want = np.argsort(words, kind="stable")
    np.testing.assert_array_equal(sorting.order(words), want)
    np.testing.assert_array_equal(Key(bytes(32)).stream().permutation(n), want)


def test_numba_is_loaded_only_when_it_is_worth_it() -> None:
    code = (
        "import sys, numpy as np; from imveil import Key; from imveil.keys import sorting;"
        "key = Key(bytes(32)); want = key.stream().permutation(150528); key.stream().permutation(3072);"
        "assert 'numba' not in sys.modules; sorting._sorted = 1 << 23;"
        "assert (key.stream().permutation(150528) == want).all(); assert 'numba' in sys.modules;"
        "assert not [m for m in sys.modules if m.startswith('imveil.schemes')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""What stands before a net: that each can undo what it is made for, learns it, and is the attack that it says it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import imveil  # noqa: E402
from imveil import registry  # noqa: E402
from imveil.attacks.solvers.pad.solve import mask_of  # noqa: E402
from imveil.audit.game.challenger import key_of  # noqa: E402
from imveil.cloud.adapters import plan_start  # noqa: E402
from imveil.cloud.adapters._bitplanes import PLANES, Gains  # noqa: E402
from imveil.cloud.adapters.base import Adapter  # noqa: E402
from imveil.cloud.adapters.plan_start import undoing  # noqa: E402
from imveil.cloud.classifier import Classifier  # noqa: E402
from imveil.cloud.classifier import made as made_of  # noqa: E402
from imveil.cloud.data.tensors import tensor  # noqa: E402
from imveil.cloud.training.attacked import attacked, harmless  # noqa: E402
from imveil.cloud.training.defaults import suggest  # noqa: E402
from imveil.cloud.training.loop import Settings, fit  # noqa: E402
from imveil.errors import BadField, BadShape, Unavailable  # noqa: E402
from imveil.lab.experiment import fresh_copies  # noqa: E402
from imveil.lab.output.shown import adapted  # noqa: E402
from imveil.lab.output.shown import fit as fit_channels  # noqa: E402
from imveil.owner.datasets import cifar  # noqa: E402
from scenes import scenes  # noqa: E402
from smooth import smooth_pictures  # noqa: E402

NAMES = list(registry.parts(registry.ADAPTERS))
KEY = key_of(0)


def made(name: str, shape: Any, options: Any) -> Any:
    return made_of(registry.ADAPTERS, name, (shape,), options)


def channels_first(images: Any) -> Any:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_says_what_it_promises_and_is_one(name: str) -> None:
    build = registry.known(registry.ADAPTERS, name)
    assert isinstance(build((8, 8, 3)), Adapter)
    seen = build((8, 8, 3))(torch.randint(0, 256, (2, 3, 8, 8)).float())
    assert seen.dtype == torch.float32
    if build((8, 8, 3)).picture:
        assert seen.shape == (2, 3, 8, 8)


@pytest.mark.parametrize("name", ["bits", "bits_smooth", "lookup", "blocks", "blocks_own"])
def test_what_learns_starts_as_the_picture_and_changes(name: str) -> None:
    options = {"order": False} if name == "blocks_own" else {}
    adapter = made(name, (8, 8, 3), options)
    values = torch.randint(0, 256, (4, 3, 8, 8)).float()
    assert torch.allclose(adapter.eval()(values), values, atol=1e-3)
    adapter.train()(values).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in adapter.parameters())


@given(seed=st.integers(0, 2**32 - 1), gray=st.booleans(), shared=st.booleans())
def test_gains_of_one_and_minus_one_are_an_xor(seed: int, gray: bool, shared: bool) -> None:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (3, 2, 4, 3)).astype(np.uint8)
    mask = rng.integers(0, 256, (2, 4, 1 if shared else 3)).astype(np.uint8)
    gains = Gains((2, 4, 3), gray=gray, shared=shared)
    code = mask ^ mask >> 1 if gray else mask
    signs = [1 - 2.0 * (code >> k & 1) for k in range(PLANES)]
    gains.gain.data = torch.tensor(np.stack(signs), dtype=torch.float32).permute(0, 3, 1, 2)
    assert torch.equal(gains(channels_first(images)), channels_first(images ^ mask))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("gray", [False, True])
def test_the_written_out_gradients_are_right(gray: bool, shared: bool) -> None:
    torch.manual_seed(0)
    gains = Gains((2, 3, 2), gray=gray, shared=shared)
    gains.gain.data = torch.randn_like(gains.gain)
    values, weights = torch.randint(0, 256, (5, 2, 2, 3)).float(), torch.randn(5, 2, 2, 3)

    def loss() -> Any:
        return (gains(values) * weights).sum() / 100

    loss().backward()
    for place in np.ndindex(*gains.gain.shape):
        kept = float(gains.gain.data[place])
        with torch.no_grad():
            sides = []
            for step in (0.5, -0.5):  # every gain enters once: the difference is exact
                gains.gain.data[place] = kept + step
                sides.append(float(loss()))
            gains.gain.data[place] = kept
        assert sides[0] - sides[1] == pytest.approx(float(gains.gain.grad[place]), abs=2e-3)


@pytest.mark.parametrize("fields", [{}, {"index": "pixel"}, {"quantiser": "threshold"}])
def test_the_statistics_of_cipher_pictures_give_the_mask(fields: dict[str, Any]) -> None:
    images = smooth_pictures(400, side=16)
    cipher = imveil.find("logistic-xor/1", **fields).encrypt(images, KEY).images
    seen = cipher ^ mask_of(cipher, np.random.default_rng(0))
    error = min(np.abs(seen - images.astype(int)).mean(), np.abs(255 - seen - images.astype(int)).mean())
    assert error < 2


@pytest.mark.needs_data
@pytest.mark.parametrize("scheme", ["logistic-xor/1", "np-block/1"])
def test_bits_start_begins_with_the_mask_of_real_pictures(scheme: str) -> None:
    try:
        images = cifar.load("cifar10")["train"][0][:2000]
    except Unavailable:
        pytest.skip("CIFAR-10 is not there")
    cipher = imveil.find(scheme).encrypt(images, KEY).images
    adapter = made("bits_start", (32, 32, 3), {})
    adapter.start(torch.from_numpy(cipher))
    with torch.no_grad():
        seen = adapter(channels_first(cipher[:200])).permute(0, 2, 3, 1).numpy()
    assert min(np.abs(seen - images[:200]).mean(), np.abs(255 - seen - images[:200]).mean()) < 0.5


@pytest.mark.parametrize("id", ["shf/1", "le/1", "etc/1", "ele/1", "patch/1", "ffx/1", "etc-grey/1"])
def test_plan_start_shows_the_pictures(id: str) -> None:
    drawn = scenes(340, (48, 48, 3), seed=3)[:, :24, :24]
    images = (drawn @ np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.2, 0.6]])).astype(np.uint8)
    cipher = imveil.find(id, block=4).encrypt(images, KEY).images
    adapter = made("plan_start", cipher.shape[1:], {"scheme": id})
    adapter.start(tensor(cipher[:300]))
    seen = adapter(tensor(cipher[300:]).permute(0, 3, 1, 2).float()).permute(0, 2, 3, 1).numpy().astype(np.uint8)
    undo = undoing(cipher[:300], id, 4)
    assert undo is not None
    np.testing.assert_array_equal(seen, undo(cipher[300:]))
    assert seen.shape[1:] == (24, 24, 3)
    assert not np.array_equal(seen, cipher[300:])


def test_plan_start_turns_patches_back(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme, images = imveil.find("orthogonal/1"), scenes(30, (16, 24, 3))
    monkeypatch.setattr(plan_start, "undoing", lambda *_: ~scheme.plan(KEY, (16, 24, 3)))
    cipher = channels_first(scheme.encrypt(images, KEY).images)
    adapter = made("plan_start", (16, 24, 3), {"scheme": scheme.id})
    assert torch.equal(adapter(cipher), cipher.round().clamp(0, 255)), "nothing is known yet"
    adapter.start(cipher)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(adapter(cipher), channels_first(images)), "in short numbers too"


def test_plan_start_leaves_noise_as_it_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 16, 16, 3)).astype(np.uint8)
    adapter = made("plan_start", (16, 16, 3), {"scheme": "shf/1"})
    adapter.start(torch.from_numpy(noise))
    assert torch.equal(adapter(channels_first(noise[:9])), channels_first(noise[:9]))


def test_bits_start_shows_the_pictures_and_says_so() -> None:
    images = smooth_pictures(400, side=16)
    scheme = imveil.find("logistic-xor/1")
    cipher = scheme.encrypt(images, KEY).images
    labels = (np.arange(400) % 2).astype(np.int64)
    settings = Settings(width=4, epochs=1, batch=50, adapter="bits_start", moved="adapted")
    net = fit((cipher, labels), 2, settings).net
    found = adapted(net, scheme, KEY, smooth_pictures(150, side=16, seed=1), images, seed=0)
    assert found is not None
    assert found["recovery"] > 0.8
    plain = fit((cipher, labels), 2, Settings(width=4, epochs=1, batch=50, adapter="bits")).net
    kept = adapted(plain, scheme, KEY, smooth_pictures(150, side=16, seed=1), images, seed=0)
    assert kept is not None
    assert kept["recovery"] < 0.5  # such smooth pictures a decoder half guesses
    none = fit((cipher, labels), 2, Settings(width=4, epochs=1, batch=50)).net
    assert adapted(none, scheme, KEY, images, images, seed=0) is None


def test_the_smooth_penalty_finds_the_mask_by_itself() -> None:
    images = smooth_pictures(600, side=16)
    cipher = imveil.find("aes-xor/1").encrypt(images, KEY).images
    adapter = made("bits_smooth", (16, 16, 3), {}).train()
    sgd = torch.optim.SGD(adapter.parameters(), lr=0.06, momentum=0.85, nesterov=True)
    for step in range(200):
        adapter(channels_first(cipher[step * 50 % 600 :][:50]))
        sgd.zero_grad()
        adapter.penalty().backward()
        sgd.step()
    with torch.no_grad():
        seen = adapter.eval()(channels_first(cipher[:100])).permute(0, 2, 3, 1).numpy()
    fitted = fit_channels(seen, images[:100])(seen).astype(int)
    assert np.abs(fitted - images[:100]).mean() < 15, "random bytes are off by 85"


@pytest.mark.parametrize(
    ("scheme", "name", "options"),
    [
        ("shf/1", "blocks", {"block": 4}),
        ("le/1", "blocks", {"block": 4, "nibbles": True}),
        ("ele/1", "blocks_own", {"block": 4, "nibbles": True}),
        ("np-block/1", "lookup", {"block": 4}),
    ],
)
def test_blocks_can_learn_the_inverse(scheme: str, name: str, options: dict[str, Any]) -> None:
    images = smooth_pictures(64, side=8)
    cipher = imveil.find(scheme).encrypt(images, KEY).images
    adapter = made(name, (8, 8, 3), options)
    seen, want = channels_first(cipher), channels_first(images)
    adam = torch.optim.Adam(adapter.parameters(), lr=0.02)
    first = None
    for _ in range(300):
        loss = ((adapter(seen) - want) / 64).square().mean()
        first = first or loss.item()
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss.item() < 0.15 * first


def test_options_that_an_adapter_has_not_are_refused() -> None:
    with pytest.raises(BadField, match=r"no option 'blck'.*block"):
        Classifier.build("cnn", 2, (8, 8, 3), adapter="blocks", adapter_options={"blck": 4})
    with pytest.raises(BadField, match="block of the adapter blocks is int"):
        made("blocks", (8, 8, 3), {"block": 4.0})
    for name in ("blocks", "blocks_own", "lookup"):
        with pytest.raises(BadShape, match="3x3 do not tile 8x8"):
            made(name, (8, 8, 3), {"block": 3})


def test_a_fresh_copy_has_a_key_of_its_own_where_every_picture_has_one() -> None:
    images = torch.from_numpy(smooth_pictures(3, side=8))
    fresh = fresh_copies(imveil.find("negpos/1", per_image=True), KEY)
    one, again = (fresh(images, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(torch.as_tensor(one), torch.as_tensor(again))
    other = fresh(images, torch.Generator().manual_seed(2))
    assert not torch.equal(torch.as_tensor(one), torch.as_tensor(other))
    fold = made("fold_sort", (8, 8, 3), {})
    seen = [fold(torch.as_tensor(i).permute(0, 3, 1, 2).float()) for i in (images, one, other)]
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])


def test_train_begins_with_the_attack_says_so_and_can_leave_it_out() -> None:
    drawn = scenes(300, (48, 48, 3), seed=3)[:, :24, :24]
    images = (drawn @ np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.2, 0.6]])).astype(np.uint8)
    scheme = imveil.find("le/1")
    manifest = SimpleNamespace(scheme=scheme.id, fields=scheme.config())
    usual = suggest(scheme.id, scheme.config(), vars(scheme.traits))
    cipher = scheme.encrypt(images, KEY).images
    best, said = attacked(manifest, vars(scheme.traits), cipher, usual)
    assert (best.adapter, best.adapter_options) == ("plan_start", {"scheme": "le/1", "block": 4})
    assert "this is the attack" in best.why
    assert "gave their plan away" in said
    noise = np.random.default_rng(0).integers(0, 256, (200, 16, 16, 3)).astype(np.uint8)
    best, said = attacked(manifest, vars(scheme.traits), noise, usual)
    assert best == usual
    assert "did not give their plan away" in said
    assert harmless(suggest("aes-xor/1", {}, {})).adapter == "bits"
    assert harmless(usual) == usual

"""The model file: what goes in comes out, a damaged one is refused, and data of another key is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

from imveil.cloud import safefile  # noqa: E402
from imveil.cloud.modelfile import ModelInfo, describe, load_model, save_net, weights_of  # noqa: E402
from imveil.cloud.prediction import predict_logits  # noqa: E402
from imveil.cloud.training.loop import Settings, Trained, fit  # noqa: E402
from imveil.errors import BadDestination, BadModelFile, Mismatch  # noqa: E402
from imveil.store.manifest import Manifest  # noqa: E402

ABOUT: dict[str, Any] = {
    "scheme": "negpos/1",
    "fields": {"per_image": True, "tile": (4, 4)},
    "traits": {"per_image": True},
    "fingerprint": "k3xd-7q2a-9fz4-mmwp",
    "images": 40,
    "valid": (3, 4),
    "test": (7, 8),
}


@pytest.fixture(scope="module")
def trained() -> Trained:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 8, 9, 3), dtype=np.uint8)
    return fit((images, np.arange(40) % 2), 2, Settings(width=4, epochs=1, batch=8))


@pytest.fixture
def saved(trained: Trained, tmp_path: Path) -> Path:
    path = tmp_path / "a.safetensors"
    save_net(path, trained.net, describe(trained, ["cat", "dog"], **ABOUT))
    return path


def test_what_goes_in_comes_out(trained: Trained, saved: Path) -> None:
    model = load_model(saved)
    images = np.random.default_rng(1).integers(0, 256, (5, 8, 9, 3), dtype=np.uint8)
    assert np.array_equal(predict_logits(model.net, images), predict_logits(trained.net, images))
    info = model.info
    assert (info.scheme, info.fingerprint, info.classes) == ("negpos/1", ABOUT["fingerprint"], ["cat", "dog"])
    assert (info.shape, info.images, info.valid, info.test) == ((8, 9, 3), 40, (3, 4), (7, 8))
    assert info.mean == trained.normalisation.mean
    assert info.std == trained.normalisation.std
    assert info.settings == trained.settings
    assert not any(p.requires_grad for p in model.net.parameters())


HIDDEN = ["class-0", "class-1"]


def a_set(classes: list[str], check: str, fingerprint: str = ABOUT["fingerprint"]) -> Manifest:
    return Manifest(
        scheme="negpos/1",
        fingerprint=fingerprint,
        splits={"all": 0},
        shards=[],
        classes=classes,
        class_check=check * 64,
    )


def test_hidden_classes_are_compared_under_one_key_only(trained: Trained, tmp_path: Path) -> None:
    info = describe(trained, HIDDEN, **ABOUT, class_check="a" * 64)
    save_net(tmp_path / "m", trained.net, info)
    with pytest.raises(Mismatch, match="hidden classes of ciphers are others"):
        info.check_classes(a_set(HIDDEN, "b"), "ciphers")
    with pytest.raises(Mismatch, match=r"hidden classes of .*m are others"):
        weights_of(tmp_path / "m", HIDDEN, a_set(HIDDEN, "b"))
    info.check_classes(a_set(HIDDEN, "a"), "ciphers")
    assert weights_of(tmp_path / "m", HIDDEN, a_set(HIDDEN, "a")).classes == HIDDEN
    foreign = a_set(
        HIDDEN, "b", "aaaa-bbbb-cccc-dddd"
    )  # nobody can tell: answered where it is forced, no head taken over
    info.check_classes(foreign, "ciphers")
    assert weights_of(tmp_path / "m", HIDDEN, foreign).classes == ()


def test_classes_that_are_shown_match_by_name(trained: Trained, tmp_path: Path) -> None:
    info = describe(trained, ["cat", "dog"], **ABOUT, class_check="a" * 64)
    save_net(tmp_path / "m", trained.net, info)
    for some in (a_set(["dog"], "b"), a_set(["cat", "dog", "eel"], "c")):
        info.check_classes(some, "ciphers")
        assert weights_of(tmp_path / "m", some.classes, some).classes == ["cat", "dog"]


def test_it_is_a_safetensors_file_that_others_can_read(saved: Path, trained: Trained) -> None:
    tensors = safetensors_torch.load_file(saved)
    assert torch.equal(tensors["mean"], trained.net.mean)
    size = int.from_bytes(saved.read_bytes()[:8], "little")
    header = json.loads(saved.read_bytes()[8 : 8 + size])
    assert json.loads(header["__metadata__"]["imveil"])["facts"]["fingerprint"] == ABOUT["fingerprint"]


def test_the_same_model_is_the_same_bytes(saved: Path, trained: Trained) -> None:
    other = saved.with_name("b")
    save_net(other, trained.net, describe(trained, ["cat", "dog"], **ABOUT))
    assert other.read_bytes() == saved.read_bytes()


def test_loading_draws_nothing(saved: Path) -> None:
    state = torch.get_rng_state()
    load_model(saved)
    assert torch.equal(state, torch.get_rng_state())


def test_it_is_not_overwritten_unless_forced(saved: Path, trained: Trained) -> None:
    before = saved.read_bytes()
    info = describe(trained, ["x", "y"], **ABOUT)
    with pytest.raises(BadDestination, match="overwrite it"):
        save_net(saved, trained.net, info)
    assert saved.read_bytes() == before
    save_net(saved, trained.net, info, force=True)
    assert load_model(saved).info.classes == ["x", "y"]


def test_a_place_that_cannot_be_written_stays_as_it_was(tmp_path: Path, trained: Trained) -> None:
    with pytest.raises(BadDestination, match="cannot be written"):
        save_net(tmp_path / "no" / "where", trained.net, describe(trained, ["x", "y"], **ABOUT))
    assert not list(tmp_path.iterdir())


def test_every_cut_is_seen(saved: Path) -> None:
    data = saved.read_bytes()
    for size in [0, 1, 7, 8, 9, 100, len(data) // 2, len(data) - 1]:
        saved.write_bytes(data[:size])
        with pytest.raises(BadModelFile, match="safetensors") as caught:
            load_model(saved)
        assert "\n" not in str(caught.value)


def test_every_altered_byte_is_seen(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    header = 8 + int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(2)
    places = [*range(9), *rng.integers(9, header, 60), *rng.integers(header, len(data), 30), len(data) - 1]
    for place in map(int, places):
        data[place] ^= 1
        altered = saved.with_name("altered")
        altered.write_bytes(data)
        with pytest.raises(BadModelFile):
            load_model(altered)
        data[place] ^= 1


def foreign() -> list[tuple[str, bytes]]:
    plain = safetensors_torch.save({"w": torch.zeros(3)})
    noted = safetensors_torch.save({"w": torch.zeros(3)}, {"imveil": "no json"})
    other = safetensors_torch.save({"w": torch.zeros(3)}, {"imveil": "[1, 2]"})
    deep = safetensors_torch.save({"w": torch.zeros(3)}, {"imveil": "[" * 100_000})
    return [("plain", plain), ("noted", noted), ("other", other), ("deep", deep), ("text", b"hello, world, " * 9)]


@pytest.mark.parametrize(("what", "data"), foreign(), ids=[name for name, _ in foreign()])
def test_foreign_files_are_refused(what: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / what
    path.write_bytes(data)
    with pytest.raises(BadModelFile, match="not a file of imveil"):
        load_model(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadModelFile, match="cannot be read"):
            load_model(path)


def rewritten(saved: Path, change: dict[str, Any], drop: str = "") -> Path:
    """The same file with other facts and a digest that fits: what a careful hand could make."""
    tensors, facts = safefile.read(saved, "imveil-model", 1)
    tensors.pop(drop, None)
    path = saved.with_name("rewritten")
    safefile.write(path, tensors, {**facts, **change})
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "version 1, it is 'imveil-model' version 2"),
        ({"format": "imveil-checkpoint"}, "imveil-checkpoint"),
        ({"classes": ["one"]}, "classes"),
        ({"classes": ["one", "two", "three"]}, "weights of the model cnn"),
        ({"shape": [8, 9]}, "shape"),
        ({"shape": [1, 1, 3]}, "cannot be built.*2x2"),
        ({"shape": [0, 9, 3]}, "shape"),
        ({"secret": 1}, "secret"),
        ({"settings": {"model": "no-such-net"}}, "cannot be built.*no-such-net"),
        ({"settings": {"model": "../../x"}}, "cannot be built"),
        ({"settings": {"width": "wide"}}, "width"),
    ],
)
def test_facts_that_make_no_sense_are_refused(saved: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadModelFile, match=words):
        load_model(rewritten(saved, change))


@pytest.mark.parametrize(("bf16", "precision"), [(True, "bf16"), (False, "float32")])
def test_a_file_from_before_there_was_a_precision_is_read(
    saved: Path, tmp_path: Path, bf16: bool, precision: str
) -> None:
    tensors, facts = safefile.read(saved, "imveil-model", 1)
    del facts["settings"]["precision"]
    facts["settings"]["bf16"] = bf16
    safefile.write(tmp_path / "old", tensors, facts)
    assert load_model(tmp_path / "old").info.settings.precision == precision


def test_missing_weights_are_seen(saved: Path) -> None:
    with pytest.raises(BadModelFile, match="weights"):
        load_model(rewritten(saved, {}, drop="net.0.bias"))


def test_a_mismatch_names_both_values(saved: Path) -> None:
    info = load_model(saved).info
    same = ("negpos/1", {"tile": [4, 4], "per_image": True}, "k3xd-7q2a-9fz4-mmwp")
    info.check(*same, "x.png")
    for args, words in [
        (("etc/1", *same[1:]), "trained on negpos/1, x.png is etc/1"),
        ((same[0], {"tile": (4, 4), "per_image": False}, same[2]), "per_image=True, x.png has per_image=False"),
        ((same[0], {"tile": (4, 4)}, same[2]), "per_image=True, x.png has per_image=None"),
        ((*same[:2], "aaaa-bbbb-cccc-dddd"), "key k3xd-7q2a-9fz4-mmwp, x.png is under key aaaa-bbbb-cccc-dddd"),
    ]:
        with pytest.raises(Mismatch, match=words):
            info.check(*args, "x.png")  # type: ignore[arg-type]


def test_nothing_secret_has_a_place() -> None:
    assert not {name for name in ModelInfo.model_fields if "key" in name or "secret" in name or "pass" in name}

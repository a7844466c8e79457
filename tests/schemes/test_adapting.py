"""Key-transformed models: the answers of plain pictures on cipher pictures, without training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import imveil  # noqa: E402
from imveil.audit.game.challenger import key_of  # noqa: E402
from imveil.cloud.classifier import Classifier  # noqa: E402
from imveil.cloud.prediction import predict_logits  # noqa: E402
from imveil.cloud.training.choice import chosen  # noqa: E402
from imveil.cloud.training.loop import Settings, fit  # noqa: E402
from imveil.errors import BadField, BadShape  # noqa: E402
from imveil.keys.key import Key  # noqa: E402
from imveil.schemes._adapt import AdaptsModel, readapted  # noqa: E402
from smooth import smooth_pictures  # noqa: E402

KEY, OTHER = key_of(0), key_of(1)
NETS = {
    "vit": {"model": "vit_tiny", "width": 64, "epochs": 14, "lr": 0.001},
    "mixer": {"model": "convmixer", "width": 32, "epochs": 8, "lr": 0.004},
}
CASES = [
    ("vit", "patch/1", {}),
    ("vit", "patch/1", {"share": 0.5}),
    ("vit", "patch/1", {"pixels": False}),
    ("vit", "orthogonal/1", {}),
    ("mixer", "orthogonal/1", {}),
    ("mixer", "patch/1", {"blocks": False}),
]


def bright(n: int, seed: int) -> tuple[Any, Any]:
    """Pictures whose brighter half, upper or lower, left or right, is the class: places matter, and so do values."""
    images = smooth_pictures(n, side=16, seed=seed).astype(int) // 2
    labels = np.arange(n) % 4
    for image, label in zip(images, labels, strict=True):
        half = (slice(0, 8), slice(8, 16))[label // 2]
        image[half if label % 2 else slice(None), slice(None) if label % 2 else half] += 100
    return images.clip(0, 255).astype(np.uint8), labels.astype(np.int64)


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    """Trained on plain pictures, each for a few seconds."""
    made = {}
    for name, own in NETS.items():
        base = Settings(batch=32, optimiser="adamw", momentum=0.9, flip=False, shift=0, precision="float32")
        settings = replace(base, model_options={"patch": 4, "depth": 2}, **own)
        made[name] = fit(bright(400, 0), 4, settings).net
    return made


@pytest.mark.parametrize(("net", "scheme", "fields"), CASES)
def test_answers_on_cipher_pictures_are_those_on_plain_ones(net: str, scheme: str, fields: Any, models: Any) -> None:
    images, labels = bright(300, 1)
    hidden = imveil.find(scheme, **fields)
    assert isinstance(hidden, AdaptsModel)
    plain = predict_logits(models[net], images)
    assert (plain.argmax(1) == labels).mean() > 0.8, "the plain model has learnt"
    seen = predict_logits(hidden.adapt(models[net], KEY), hidden.encrypt(images, KEY).images)
    best = np.sort(plain, 1)
    sure = best[:, -1] - best[:, -2] > 1e-4
    assert sure.mean() > 0.9
    assert (seen.argmax(1) == plain.argmax(1))[sure].all()
    assert np.abs(seen - plain).max() < 1e-3
    again = predict_logits(models[net], images)
    assert np.array_equal(plain, again), "the plain model is left as it was"


@pytest.mark.parametrize(("net", "scheme", "fields"), CASES)
def test_a_model_as_trained_by_default_is_adapted(net: str, scheme: str, fields: Any) -> None:
    """By default answers are means over a picture and its mirror image; no cipher picture has one."""
    options: dict[str, Any] = {"model_options": {"patch": 4, "depth": 2}, "adapter_options": {}, "more": {}}
    plain: Any = SimpleNamespace(scheme="plain/1", fields={})
    asked = {"net": NETS[net]["model"], "width": 32, "adapter": "auto", "augment": None, "lr": None, **options}
    settings, _ = chosen(plain, {}, **asked)
    assert settings.mirror
    torch.manual_seed(0)
    model = Classifier.of(settings, 4, (16, 16, 3)).eval()
    images, _ = bright(40, 1)
    model.normalise(torch.from_numpy(images))
    mirrored = predict_logits(model, images)
    hidden = imveil.find(scheme, **fields)
    assert isinstance(hidden, AdaptsModel)
    changed = hidden.adapt(model, KEY)
    seen = predict_logits(changed, hidden.encrypt(images, KEY).images)
    again = predict_logits(readapted(changed, hidden, KEY, OTHER), hidden.encrypt(images, OTHER).images)
    assert model.mirror, "the plain model is left as it was"
    model.mirror = False
    straight = predict_logits(model, images)
    assert np.abs(straight - mirrored).max() > 2e-3, "a mirror image makes a difference"
    assert np.abs(seen - straight).max() < 1e-4
    assert np.abs(again - straight).max() < 1e-4


@pytest.mark.parametrize(("net", "scheme", "fields"), [CASES[0], CASES[3], CASES[4]])
def test_a_wrong_key_gives_chance(net: str, scheme: str, fields: Any, models: Any) -> None:
    images, labels = bright(300, 1)
    hidden = imveil.find(scheme, **fields)
    changed = hidden.adapt(models[net], KEY)
    # One wrong key may move most patches of a half into one half, either one: chance is the mean over keys. These
    # classes are all as bright, so that what patch/1 leaves of a picture, its values, tells nothing about them.
    wrong = [predict_logits(changed, hidden.encrypt(images, key_of(k)).images).argmax(1) for k in range(1, 17)]
    assert np.mean([(answers == labels).mean() for answers in wrong]) == pytest.approx(0.25, abs=0.08)
    renewed = predict_logits(hidden.adapt(models[net], OTHER), hidden.encrypt(images, OTHER).images)
    assert (renewed.argmax(1) == labels).mean() > 0.8, "a new key needs no training"


def test_what_cannot_be_adapted_is_refused_with_the_reason(models: Any) -> None:
    with pytest.raises(BadField, match=r"convolutions see which patches lie side by side.*blocks=false"):
        imveil.find("patch/1").adapt(models["mixer"], KEY)
    with pytest.raises(BadShape, match=r"4x4.*8x8.*block=4"):
        imveil.find("patch/1", block=8).adapt(models["vit"], KEY)
    with pytest.raises(BadField, match=r"patch by patch, not a Sequential.*vit_tiny"):
        imveil.find("orthogonal/1").adapt(Classifier.build("cnn", 2, (8, 8, 3)), KEY)
    with pytest.raises(BadField, match="adapter"):
        imveil.find("orthogonal/1").adapt(Classifier.build("vit_tiny", 2, (8, 8, 3), width=8, adapter="fold"), KEY)
    odd = Classifier.build("vit_tiny", 2, (10, 8, 3), width=8)
    with pytest.raises(BadShape, match="do not tile 10x8"):
        imveil.find("patch/1").adapt(odd, KEY)
    assert not isinstance(imveil.find("etc/1"), AdaptsModel)


def test_the_command_from_a_plain_model_to_answers_on_cipher_pictures(
    models: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from imveil.cli import main
    from imveil.cloud.answers import Answer, answer
    from imveil.cloud.modelfile import ModelInfo, load_model, save_net
    from imveil.keys.files import write_key
    from imveil.store import png
    from imveil.store.tag import Tag

    def run(*words: Any) -> tuple[Any, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        return left.value.code, *capfd.readouterr()

    net, key = models["vit"], Key.generate()
    write_key(tmp_path / "key", key)
    settings = replace(Settings(model_options={"patch": 4, "depth": 2}), model="vit_tiny", width=64, mirror=True)
    facts: dict[str, Any] = {"fields": {}, "traits": {}, "fingerprint": "none", "classes": list("abcd"), "images": 400}
    info = ModelInfo(scheme="plain/1", shape=net.shape, mean=(1,) * 3, std=(1,) * 3, settings=settings, **facts)
    save_net(tmp_path / "plain", net, info)
    words = ["--key", tmp_path / "key", "--scheme"]
    code, out, err = run("adapt", tmp_path / "plain", tmp_path / "cloud", *words, "patch/1")
    assert code == 0
    assert f"key {key.fingerprint}" in out
    assert "read the key off them" in err
    assert "mirror image" in err
    assert "switched off" in err
    changed = load_model(tmp_path / "cloud")
    assert not changed.info.settings.mirror
    images, _ = bright(20, 3)
    hidden = imveil.find("patch/1")
    for number, image in enumerate(hidden.encrypt(images, key).images):
        tag = Tag(hidden.id, hidden.config(), key.fingerprint)
        (tmp_path / f"{number:02}.png").write_bytes(png.encode(image, tag))
    found = list(answer(load_model(tmp_path / "cloud"), sorted(tmp_path.glob("*.png"))))
    assert [one.top[0][0] for one in found if isinstance(one, Answer)] == [
        "abcd"[k] for k in predict_logits(net, images).argmax(1)
    ]
    older = changed.info.model_copy(update={"settings": replace(changed.info.settings, mirror=True)})
    save_net(tmp_path / "older", changed.net, older)  # as such files were written once
    write_key(tmp_path / "new", OTHER)
    for old in ("cloud", "older"):
        keys = ["--from", tmp_path / "key", "--to", tmp_path / "new"]
        code, _, err = run("rekey-model", tmp_path / old, tmp_path / f"{old}-new", *keys)
        assert code == 0, err
        assert ("switched off" in err) == (old == "older")
        renewed = load_model(tmp_path / f"{old}-new").net
        ciphers = hidden.encrypt(images, OTHER).images
        assert np.abs(predict_logits(renewed, ciphers) - predict_logits(net, images)).max() < 1e-3
    for words_after, said in (
        (["etc/1"], "etc/1 cannot change a model"),
        (["patch/1"], "exists already"),
    ):
        code, _, err = run("adapt", tmp_path / "plain", tmp_path / "cloud", *words, *words_after)
        assert code == 2
        assert said in err
    code, _, err = run("adapt", tmp_path / "cloud", tmp_path / "more", *words, "patch/1")
    assert "was trained on patch/1, a model trained on plain pictures is needed" in err

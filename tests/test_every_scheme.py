"""Laws that every scheme obeys, with every value of every field. Add a law, not a special case."""

from __future__ import annotations

import pickle
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imveil
from imveil import registry
from imveil.errors import BadDtype, BadField, BadIds, BadMaterial, BadShape, NotInvertible
from imveil.lab.tables.schemes import page_of
from imveil.schemes.base import Scheme
from variants import label, pictures, shape_for, variants

ALL = variants()
KEY = imveil.Key(bytes(range(32)))
OTHER = imveil.Key(bytes(range(1, 33)))
IDS = [f"train/cat/{i:05d}.png" for i in range(9)]

every = pytest.mark.parametrize("scheme", ALL, ids=label)


def encrypt(scheme: Scheme, images: Any, key: Any = KEY) -> Any:
    return scheme.encrypt(images, key, IDS[: len(images)])


def assert_restored(scheme: Scheme, restored: Any, images: Any) -> None:
    """Equal to what the scheme says that it gives back, which differs from the pictures by its `error` at most."""
    np.testing.assert_array_equal(restored, scheme.returned(images))
    np.testing.assert_allclose(restored.astype(int), images, rtol=0, atol=scheme.traits.error)


@every
@given(data=st.data())
def test_decrypt_undoes_encrypt(scheme: Scheme, data: Any) -> None:
    down, across = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    shape = shape_for(scheme, down, across, data.draw(st.sampled_from([1, 3, 4])))
    images = pictures(f"{shape}", (data.draw(st.integers(0, 4)), *shape))
    before = images.copy()
    cipher = encrypt(scheme, images)
    np.testing.assert_array_equal(images, before, "encrypt changed its input")
    if scheme.traits.invertible:
        restored = scheme.decrypt(cipher, KEY)
        assert restored.dtype == np.uint8
        assert_restored(scheme, restored, images)
    else:
        with pytest.raises(NotInvertible, match=re.escape(scheme.id)):
            scheme.decrypt(cipher, KEY)


@every
def test_exact_where_no_error_is_declared(scheme: Scheme) -> None:
    images = pictures("error", (4, *shape_for(scheme, 8, 8)))
    largest = int(np.abs(scheme.returned(images).astype(int) - images).max())
    assert (largest > 0) == (scheme.traits.error > 0)


@every
def test_two_pictures_have_two_ciphers_unless_information_is_lost(scheme: Scheme) -> None:
    shape = shape_for(scheme, 2, 2)
    plan = scheme.plan(KEY, shape)
    base = pictures("two", (1, *shape))
    places = np.linspace(0, base.size - 1, min(base.size, 1000)).astype(int)
    others = np.repeat(base, len(places), axis=0)
    others.reshape(len(places), -1)[np.arange(len(places)), places] ^= 128  # each differs in one sample
    same = (plan(others) == plan(base)).reshape(len(places), -1).all(axis=1)
    assert same.any() == (not scheme.traits.invertible)


@every
def test_a_batch_is_the_same_as_image_by_image(scheme: Scheme) -> None:
    images = pictures("batch", (5, *shape_for(scheme, 3, 2)))
    whole = encrypt(scheme, images)
    for i in range(len(images)):
        one = scheme.encrypt(images[i : i + 1], KEY, [IDS[i]])
        np.testing.assert_array_equal(one.images[0], whole.images[i])
        assert (one.nonces or [None])[0] == (whole.nonces[i] if whole.nonces else None)


@every
def test_what_the_traits_say_of_the_result(scheme: Scheme) -> None:
    images = pictures("traits", (3, *shape_for(scheme, 4, 2)))
    cipher = encrypt(scheme, images)
    assert cipher.images.dtype == scheme.traits.dtype
    assert (cipher.images.shape == images.shape) == scheme.traits.keeps_shape
    assert (cipher.nonces is not None) == scheme.traits.per_image
    assert cipher.size is None


@every
def test_equal_pictures(scheme: Scheme) -> None:
    images = np.repeat(pictures("equal", (1, *shape_for(scheme, 8, 8))), 2, axis=0)
    cipher = encrypt(scheme, images)
    assert (not np.array_equal(*cipher.images)) == scheme.traits.per_image


@every
def test_a_key_per_image_needs_ids_and_nonces(scheme: Scheme) -> None:
    images = pictures("ids", (2, *shape_for(scheme, 4, 4)))
    if not scheme.traits.per_image:
        np.testing.assert_array_equal(scheme.encrypt(images, KEY).images, encrypt(scheme, images).images)
        return
    for ids in (None, ["a"], ["a", "a"], "ab"):
        with pytest.raises(BadIds):
            scheme.encrypt(images, KEY, ids)
    cipher = encrypt(scheme, images)
    with pytest.raises(BadIds, match="nonces"):
        scheme.decrypt(cipher.images, KEY)
    assert len(set(cipher.nonces)) == 2
    assert all(len(nonce) == 16 for nonce in cipher.nonces)


@every
def test_another_key_gives_another_cipher(scheme: Scheme) -> None:
    if scheme.id == "plain/1":
        return
    images = pictures("keys", (2, *shape_for(scheme, 8, 8)))
    ours, theirs = encrypt(scheme, images), encrypt(scheme, images, OTHER)
    assert not np.array_equal(ours.images, theirs.images)
    if scheme.traits.invertible:
        assert not np.array_equal(scheme.decrypt(ours, OTHER), images)


@every
def test_the_plan_comes_from_the_material(scheme: Scheme) -> None:
    shape = shape_for(scheme, 4, 3)
    material = scheme.material(KEY, shape)
    images = pictures("material", (2, *shape))
    ours = scheme.plan_from_material(shape, **material)(images)
    np.testing.assert_array_equal(ours, scheme.plan(KEY, shape)(images))
    again = scheme.material(KEY, shape)
    assert again.keys() == material.keys()
    for name, value in material.items():
        np.testing.assert_array_equal(value, again[name])


@every
def test_malformed_material_is_refused(scheme: Scheme) -> None:
    shape = shape_for(scheme, 4, 3)
    for name, value in scheme.material(KEY, shape).items():
        good = scheme.material(KEY, shape)
        if np.ndim(value):
            for bad in (np.asarray(value)[..., :-1], np.full(np.shape(value), -1), np.full(np.shape(value), np.nan)):
                with pytest.raises((BadMaterial, BadShape)):
                    scheme.plan_from_material(shape, **{**good, name: bad})
        with pytest.raises(TypeError):
            scheme.plan_from_material(shape, **{k: v for k, v in good.items() if k != name})


@every
def test_sizes(scheme: Scheme) -> None:
    tile = scheme.traits.tile
    h, w, c = shape_for(scheme, 2, 2)
    images = pictures("sizes", (2, h + 1, w - 1, c))
    if tile > 1:
        with pytest.raises(BadShape, match="tile"):
            encrypt(scheme, images)
    padded = scheme.encrypt(images, KEY, IDS[:2], pad=True)
    assert (padded.size == (h + 1, w - 1)) == (tile > 1)
    if scheme.traits.invertible:
        assert_restored(scheme, scheme.decrypt(padded, KEY), images)


@every
def test_channels(scheme: Scheme) -> None:
    for channels in range(1, 5):
        h, w, _ = shape_for(scheme, 2, 2)
        images = pictures("channels", (2, h, w, channels))
        if scheme.traits.channels is None or channels in scheme.traits.channels:
            cipher = encrypt(scheme, images)
            if scheme.traits.invertible:
                assert_restored(scheme, scheme.decrypt(cipher, KEY), images)
        else:
            with pytest.raises(BadShape, match="channels"):
                encrypt(scheme, images)


@every
def test_wrong_arrays_are_refused(scheme: Scheme) -> None:
    shape = shape_for(scheme, 2, 2)
    with pytest.raises(BadDtype, match="float"):
        encrypt(scheme, np.zeros((1, *shape)))
    with pytest.raises(BadDtype):
        encrypt(scheme, np.zeros((1, *shape), np.uint16))
    with pytest.raises(BadShape):
        encrypt(scheme, np.zeros(shape, np.uint8))
    with pytest.raises(BadShape):
        encrypt(scheme, [[1, 2]])
    if scheme.traits.invertible:
        with pytest.raises((BadDtype, BadShape)):
            scheme.decrypt(np.zeros((1, *shape), np.complex64), KEY)


@every
def test_torch_is_the_same(scheme: Scheme) -> None:
    torch = pytest.importorskip("torch")
    images = pictures("torch", (3, *shape_for(scheme, 3, 3)))
    ours, theirs = encrypt(scheme, images), encrypt(scheme, torch.from_numpy(images.copy()))
    assert ours.nonces == theirs.nonces
    np.testing.assert_array_equal(theirs.images.numpy(), ours.images)
    if scheme.traits.invertible:
        assert_restored(scheme, scheme.decrypt(theirs, KEY).numpy(), images)


@every
def test_views_of_larger_arrays(scheme: Scheme) -> None:
    h, w, c = shape_for(scheme, 3, 2)
    large = pictures("views", (4, 2 * h, w, c))
    np.testing.assert_array_equal(
        encrypt(scheme, large[::2, ::-2]).images, encrypt(scheme, large[::2, ::-2].copy()).images
    )


@every
def test_a_scheme_is_a_value(scheme: Scheme) -> None:
    again = imveil.find(scheme.id, **scheme.config())
    assert again == scheme
    assert hash(again) == hash(scheme)
    assert pickle.loads(pickle.dumps(scheme)) == scheme
    assert re.fullmatch(r"[a-z0-9-]+/[1-9][0-9]*", scheme.id)
    assert scheme.paper


@every
def test_bad_fields_are_refused(scheme: Scheme) -> None:
    with pytest.raises(BadField, match="no field 'nonsense'"):
        imveil.find(scheme.id, nonsense=1)
    for name in scheme.config():
        with pytest.raises(TypeError):
            imveil.find(scheme.id, **{name: object()})


@pytest.mark.parametrize("id", imveil.schemes.names())
def test_a_scheme_says_what_it_hides_and_leaks(id: str) -> None:
    text = import_module(registry.parts(registry.SCHEMES)[id].module).__doc__
    assert text is not None
    assert text.startswith(f"{id}: ")
    page = page_of(id)
    assert all(page[part] for part in ("hides", "leaks", "key_space", "breaks")), "Hides, Leaks, Key space, Break"


def test_unknown_schemes_are_named_with_the_nearest() -> None:
    with pytest.raises(imveil.UnknownName, match="negpos/1"):
        imveil.find("negpos")


def test_two_schemes_of_one_id_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text('class X:\n    id = "same/1"\n')
    monkeypatch.setattr(registry, "files", lambda _: {n: tmp_path / f"{n}.py" for n in ("a", "b")})
    registry.parts.cache_clear()
    with pytest.raises(imveil.BadPart, match="two schemes are called 'same/1'"):
        imveil.schemes.names()
    registry.parts.cache_clear()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("fields", [{}, {"colors": False}, {"negpos": False}])
def test_a_key_per_image_is_the_plan_of_that_key(channels: int, fields: dict[str, bool]) -> None:
    scheme = imveil.find("negpos/1", per_image=True, **fields)
    whole = np.random.default_rng(channels).integers(0, 256, (3, 10, 7, channels), np.uint8)
    for images in (whole, whole[:, ::2, ::-1]):
        cipher = scheme.encrypt(images, KEY, ["a", "b", "c"])
        plans = scheme.image_plans(KEY, cipher.nonces, images.shape[1:])
        for image, plan, made in zip(images, plans, cipher.images, strict=True):
            assert np.array_equal(plan(image[None])[0], made)
        assert np.array_equal(scheme.decrypt(cipher, KEY), images)

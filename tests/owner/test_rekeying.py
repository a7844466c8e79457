"""Re-keying: the same pictures under another key, for every scheme that can be decrypted, unseen on the way."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

import imveil
from imveil import Key
from imveil.errors import BadDestination, BadManifest, KeyProblem, NotInvertible, WrongKey
from imveil.keys.files import write_key
from imveil.owner.decryption import decrypt_set
from imveil.owner.encryption import encrypt_set
from imveil.owner.rekeying import Ciphers, RekeyShard, rekey_set, renonce, through_memory
from imveil.owner.run.pool import Stopped
from imveil.owner.shards.contents import contents
from imveil.owner.verification import verify_set
from imveil.plans.plan import Plan
from imveil.schemes.base import Cipher, Scheme
from imveil.store.manifest import read_manifest, write_manifest
from imveil.store.sets import open_set
from made_source import made, tree
from spec_key import SECRET
from terminal import imveil_run
from variants import label, shape_for, variants

OLD, NEW = Key(bytes(range(32))), Key(bytes(32))
SCHEMES = [scheme for scheme in variants() if scheme.traits.invertible and scheme.id != "plain/1"]


def small(scheme: Scheme, **special: Any) -> Any:
    """Pictures that the scheme takes; one of 16 bits and one that has to be padded, where it takes these."""
    h, w, c = shape_for(scheme, 2, 2)
    if not scheme.traits.error:
        special = {"deep": frozenset({3}), "shapes": {5: (max(1, h - 1), w, c)}} | special
    return made(8, shape=(h, w, c), **special)


@pytest.mark.parametrize("scheme", SCHEMES, ids=label)
def test_the_laws(scheme: Scheme, tmp_path: Path) -> None:
    source = small(scheme)
    encrypt_set(source, tmp_path / "old", scheme, OLD)
    assert rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW).rejected == []
    decrypt_set(tmp_path / "old", tmp_path / "p1", OLD)
    decrypt_set(tmp_path / "new", tmp_path / "p2", NEW)
    assert tree(tmp_path / "p1") == tree(tmp_path / "p2")  # decrypt(rekey(c), new) = decrypt(c, old)
    assert verify_set(tmp_path / "new", NEW).wrong == []
    encrypt_set(source, tmp_path / "fresh", scheme, NEW)
    new, fresh = tree(tmp_path / "new"), tree(tmp_path / "fresh")
    if not scheme.traits.per_image:
        assert new == fresh  # the manifest, the sealed table and the proof too
        return
    assert new.keys() == fresh.keys()
    before, after = (
        {entry.path: found.tag.nonce for shard in s.manifest.shards for entry, found in
         zip(s.shard(shard), s.read(shard, s.shard(shard)), strict=True)}
        for s in (open_set(tmp_path / "old"), open_set(tmp_path / "new"))
    )  # fmt: skip
    assert sorted(renonce(scheme, NEW, list(before.values()))) == sorted(after.values())
    assert not set(before.values()) & set(after.values())


def test_nonces_are_those_of_the_design() -> None:
    import hmac

    scheme, nonce = imveil.find("aes-ctr-control/1"), bytes(range(16))
    want = hmac.digest(NEW.derive("aes-ctr-control/1", "nonce").reveal(), b"rekey" + nonce, "sha256")[:16]
    assert renonce(scheme, NEW, [nonce]) == [want]


@pytest.mark.parametrize("per_image", [False, True])
def test_no_plain_pixel_comes_into_being(per_image: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every array that a plan is applied to, and every one that comes out, is a cipher image of one of the two keys."""
    scheme = imveil.find("negpos/1", per_image=per_image)
    source = made(12)
    encrypt_set(source, tmp_path / "old", scheme, OLD)
    plain = {source.read(i).pixels.tobytes() for i in range(12)}
    seen: list[bytes] = []
    original = Plan.__call__

    def call(self: Plan, images: Any, out: Any = None) -> Any:
        result = original(self, images, out)
        seen.extend(image.tobytes() for array in (images, result) for image in array)
        return result

    monkeypatch.setattr(Plan, "__call__", call)
    for kind in ("decrypt", "encrypt"):
        monkeypatch.setattr(Scheme, kind, lambda *_, **__: pytest.fail("a picture was decrypted"))
    rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW, workers=1)
    assert len(seen) >= 24
    assert not plain & set(seen)
    assert not through_memory("negpos/1", {"per_image": per_image})
    assert through_memory("diffuse/1", {})


@pytest.mark.parametrize("container", ["folder", "webdataset"])
@pytest.mark.parametrize("options", [{}, {"keep_names": True}, {"hide_labels": True}], ids=str)
def test_containers_names_labels_and_what_was_left_out(
    container: str, options: dict[str, bool], tmp_path: Path
) -> None:
    source, scheme = made(40, broken=frozenset({4, 9})), imveil.find("negpos/1")
    with mock.patch("imveil.owner.encryption.SHARD", 8):
        encrypt_set(source, tmp_path / "old", scheme, OLD, container=container, **options)
        encrypt_set(source, tmp_path / "fresh", scheme, NEW, container=container, **options)
        report = rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW, workers=1 + (options == {}))
    assert tree(tmp_path / "new") == tree(tmp_path / "fresh")
    assert (report.rejected, report.images) == ([], 38)


def test_shards_of_one_file_are_read_once_each(tmp_path: Path) -> None:
    """And not once for every new one; broken ones are told as ever."""
    scheme = imveil.find("negpos/1", per_image=True)
    with mock.patch("imveil.owner.encryption.SHARD", 5):
        encrypt_set(made(40), tmp_path / "old", scheme, OLD, container="npz")
        store, opened = type(open_set(tmp_path / "old").container), []
        original = store.open

        def count(self: Any, root: Path, shard: Any, **options: Any) -> Any:
            if root == tmp_path / "old":
                opened.append(shard.file)
            return original(self, root, shard, **options)

        with mock.patch.object(store, "open", count):
            rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW, workers=1)
        assert len(opened) == 8
        with mock.patch("imveil.owner.run.scratch.FEW", 100):
            rekey_set(tmp_path / "old", tmp_path / "other", OLD, NEW, workers=1)
        assert tree(tmp_path / "new") == tree(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old", "other"]


@pytest.mark.parametrize("container", ["folder", "npz"])
def test_an_interrupted_run_goes_on_and_ends_the_same(container: str, tmp_path: Path) -> None:
    scheme = imveil.find("negpos/1", per_image=True)
    with mock.patch("imveil.owner.encryption.SHARD", 8):
        encrypt_set(made(40), tmp_path / "old", scheme, OLD, container=container)
        rekey_set(tmp_path / "old", tmp_path / "whole", OLD, NEW)
        calls: list[Any] = []
        original = RekeyShard.__call__

        def stopped(self: RekeyShard, task: Any, stop: Callable[[], bool]) -> Any:
            calls.append(task)
            if len(calls) == 4:
                raise Stopped
            return original(self, task, stop)

        with mock.patch.object(RekeyShard, "__call__", stopped), pytest.raises(Stopped):
            rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW, workers=1)
        assert not (tmp_path / "new" / "imveil.json").exists()
        assert (tmp_path / "new.rekey").exists() == (container == "npz")
        with pytest.raises(BadDestination, match="interrupted run"):
            rekey_set(tmp_path / "old", tmp_path / "new", OLD, Key(bytes(31) + b"x"))
        report = rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW, workers=1)
        assert report.kept == 24
        assert tree(tmp_path / "new") == tree(tmp_path / "whole")
        assert not (tmp_path / "new.rekey").exists()
        assert rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW).already


def test_old_and_new_never_mix(tmp_path: Path) -> None:
    scheme = imveil.find("negpos/1")
    encrypt_set(made(8), tmp_path / "old", scheme, OLD)
    with pytest.raises(WrongKey, match=f"under key {OLD.fingerprint}, this is key {NEW.fingerprint}"):
        rekey_set(tmp_path / "old", tmp_path / "new", NEW, OLD)
    with pytest.raises(KeyProblem, match=r"is under key .* already"):
        rekey_set(tmp_path / "old", tmp_path / "new", OLD, OLD)
    with pytest.raises(BadDestination, match="lie in one another"):
        rekey_set(tmp_path / "old", tmp_path / "old", OLD, NEW)
    encrypt_set(made(8), tmp_path / "other", scheme, OLD)
    with pytest.raises(BadDestination, match="is of key"):
        rekey_set(tmp_path / "old", tmp_path / "other", OLD, NEW)
    # An image of the old set in the new one: everything that reads it says so.
    rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW)
    image = next((tmp_path / "new").rglob("*.png"))
    image.write_bytes(next((tmp_path / "old").rglob("*.png")).read_bytes())
    assert len(verify_set(tmp_path / "new", NEW).wrong) == 1
    assert len(decrypt_set(tmp_path / "new", tmp_path / "p", NEW).rejected) == 1


def test_what_a_cloud_changed_gets_no_new_proof(tmp_path: Path) -> None:
    encrypt_set(made(12), tmp_path / "old", imveil.find("negpos/1"), OLD)
    shutil.copytree(tmp_path / "old", tmp_path / "forged")
    manifest = read_manifest(tmp_path / "forged")
    write_manifest(tmp_path / "forged", manifest.model_copy(update={"classes": ["dog", "cat"]}))
    report = rekey_set(tmp_path / "forged", tmp_path / "owned", OLD, NEW)
    assert "is not the one that its owner wrote" in report.wrong[-1]
    assert read_manifest(tmp_path / "owned").classes == ["cat", "dog"]
    (tmp_path / "forged" / "imveil.auth").unlink()
    with pytest.raises(BadManifest, match="nothing is proven"):
        rekey_set(tmp_path / "forged", tmp_path / "new", OLD, NEW)
    images = sorted((tmp_path / "old").rglob("*.png"))
    images[0].write_bytes(images[0].read_bytes()[:-1])
    report = rekey_set(tmp_path / "old", tmp_path / "new", OLD, NEW)
    assert [reject.path for reject in report.rejected] != []
    assert "was altered" in report.rejected[0].reason
    assert read_manifest(tmp_path / "new").count == 11


def test_what_cannot_be_re_keyed(tmp_path: Path) -> None:
    encrypt_set(made(4), tmp_path / "lossy", imveil.find("negpos-inplace/1"), OLD)
    with pytest.raises(NotInvertible, match="they are lost"):
        rekey_set(tmp_path / "lossy", tmp_path / "new", OLD, NEW)
    old = Path(__file__).parents[2] / "vectors" / "spec" / "set"
    shutil.copytree(old, tmp_path / "v1")
    with pytest.raises(BadManifest):  # it has no proof either
        rekey_set(tmp_path / "v1", tmp_path / "new", Key(SECRET), NEW)


def test_no_key_is_in_what_workers_get(tmp_path: Path) -> None:
    encrypt_set(made(4), tmp_path / "old", imveil.find("negpos/1"), OLD)
    cipher_set = open_set(tmp_path / "old")
    data = pickle.dumps(Ciphers.of(cipher_set, contents(cipher_set, OLD), OLD, NEW))
    assert OLD.reveal() not in data
    assert NEW.reveal() not in data


def test_a_model_for_another_key() -> None:
    torch = pytest.importorskip("torch")
    from imveil.cloud.classifier import Classifier
    from imveil.cloud.training.settings import Settings
    from imveil.schemes._adapt import readapted

    for id, net, fields in (
        ("patch/1", "vit_tiny", {}),
        ("orthogonal/1", "vit_tiny", {}),
        ("orthogonal/1", "convmixer", {"block": 2}),
        ("patch/1", "convmixer", {"blocks": False, "block": 2}),
    ):
        scheme = imveil.find(id, **fields)
        torch.manual_seed(0)
        model = Classifier.of(Settings(model=net, width=16), 3, (32, 32, 3)).eval()
        for weights in model.parameters():  # fresh ones would make all pictures alike
            if weights.dim() > 1:
                torch.nn.init.normal_(weights, std=0.3)
        images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
        one, other = scheme.encrypt(images, OLD).images, scheme.encrypt(images, NEW).images
        changed = readapted(model, scheme, OLD, NEW).eval()
        with torch.no_grad():
            before, after, wrong = (
                net(torch.from_numpy(np.ascontiguousarray(x)))
                for net, x in ((model, one), (changed, other), (model, other))
            )
        assert (before - after).abs().max() < (before - wrong).abs().max() / 1000, (id, net)


def test_at_the_command_line(tmp_path: Path) -> None:
    from PIL import Image

    for i in range(4):
        (tmp_path / "photos" / "cat").mkdir(parents=True, exist_ok=True)
        Image.fromarray(made(4).read(i).pixels).save(tmp_path / "photos" / "cat" / f"{i}.png")
    write_key(tmp_path / "my.key", OLD)
    write_key(tmp_path / "new.key", NEW)
    done = imveil_run(tmp_path, "encrypt", "photos", "ciphers", "--key", "my.key", "--scheme", "diffuse/1")
    assert done.returncode == 0, done.stderr
    done = imveil_run(tmp_path, "rekey", "ciphers", "renewed", "--from", "my.key", "--to", "new.key")
    assert done.returncode == 0, done.stderr
    assert f"4 pictures re-keyed from {OLD.fingerprint} to {NEW.fingerprint}" in done.stdout
    assert "plain pictures pass through memory" in done.stderr
    decrypt_set(tmp_path / "renewed", tmp_path / "back", NEW)
    assert len(tree(tmp_path / "back")) == 4
    image = next((tmp_path / "ciphers").rglob("*.png"))
    image.write_bytes(image.read_bytes()[:-3])
    done = imveil_run(tmp_path, "rekey", "ciphers", "again", "--from", "my.key", "--to", "new.key")
    assert (done.returncode, "1 picture was left out" in done.stderr) == (1, True)


def test_a_batch_is_the_same_as_image_by_image() -> None:
    scheme = imveil.find("negpos/1")
    images = np.stack([made(6).read(i).pixels for i in range(6)])
    plan = scheme.plan(NEW, (8, 8, 3)) @ ~scheme.plan(OLD, (8, 8, 3))
    cipher = scheme.encrypt(images, OLD).images
    assert np.array_equal(plan(cipher), scheme.encrypt(images, NEW).images)
    assert np.array_equal(scheme.decrypt(Cipher(plan(cipher)), NEW), images)

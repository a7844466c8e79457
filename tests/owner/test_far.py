"""Folders elsewhere: a real S3 protocol on loopback; the same bytes as on this machine, resumed, refused, silent."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import Key, cloud
from imveil.cli import main
from imveil.errors import BadDestination, BadSource, ImveilError
from imveil.keys.files import write_key
from imveil.owner import encryption
from imveil.owner.encryption import encrypt_set
from imveil.owner.orders.encrypt_far import encrypt_far
from imveil.owner.sources import open_source
from imveil.owner.verification import verify_set
from imveil.store.far import Far, fetched
from made_source import made, tree

KEY = Key(b"k" * 32)
SCHEME = imveil.find("negpos/1", per_image=True)
pytestmark = [pytest.mark.filterwarnings("ignore")]  # the libraries' own


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an empty bucket, its server on loopback."""
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    facts = {"KEY_ID": "any", "SECRET_ACCESS_KEY": "any"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", facts["KEY_ID"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", facts["SECRET_ACCESS_KEY"])
        import s3fs

        s3fs.S3FileSystem().mkdir("bucket")
        yield "s3://bucket"
    server.stop()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "SHARD", 10)


def far_tree(url: str) -> dict[str, bytes]:
    far = Far(url)
    return {name: far.read(name) for name in far.list()}


def same(url: str, folder: Path) -> None:
    far, near = far_tree(url), tree(folder)
    assert sorted(far) == sorted(near)
    assert [name for name in far if far[name] != near[name]] == []


@pytest.mark.parametrize(("container", "workers"), [("folder", 1), ("folder", 2), ("npz", 1)])
def test_the_same_bytes(s3: str, tmp_path: Path, container: str, workers: int) -> None:
    url = f"{s3}/same-{container}-{workers}"
    report = encrypt_far(made(40), url, SCHEME, KEY, container=container, workers=workers)
    assert report.images == 40
    encrypt_set(made(40), tmp_path / "c", SCHEME, KEY, container=container, workers=1)
    same(url, tmp_path / "c")
    assert encrypt_far(made(40), url, SCHEME, KEY, container=container).already


@pytest.mark.parametrize("container", ["folder", "npz"])
def test_an_interrupted_run_goes_on(tmp_path: Path, container: str) -> None:
    url, seen = f"file://{tmp_path}/far", 0

    def stop(at: Any) -> None:
        nonlocal seen
        seen = at.done
        if seen >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encrypt_far(made(40), url, SCHEME, KEY, container=container, workers=1, progress=stop)
    assert "imveil.json" not in far_tree(url)
    report = encrypt_far(made(40), url, SCHEME, KEY, container=container, workers=1)
    assert report.kept == seen == 20
    encrypt_set(made(40), tmp_path / "c", SCHEME, KEY, container=container, workers=1)
    same(url, tmp_path / "c")


def test_a_damaged_shard_is_made_anew(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/far"

    def stop(at: Any) -> None:
        if at.done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encrypt_far(made(40), url, SCHEME, KEY, workers=1, progress=stop)
    picture = next((tmp_path / "far").rglob("*.png"))
    picture.write_bytes(picture.read_bytes()[:-1])
    assert encrypt_far(made(40), url, SCHEME, KEY, workers=1).kept == 10
    encrypt_set(made(40), tmp_path / "c", SCHEME, KEY, workers=1)
    same(url, tmp_path / "c")


def test_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(BadDestination, match=r"is not empty: it holds 'letter.txt'"):
        encrypt_far(made(5), f"file://{tmp_path}/full", SCHEME, KEY)
    url = f"file://{tmp_path}/far"
    encrypt_far(made(5), url, SCHEME, KEY)
    with pytest.raises(BadDestination, match=r"file://.*/far holds a data set that is of key") as error:
        encrypt_far(made(5), url, SCHEME, Key(b"o" * 32))
    assert "imveil-desk" not in str(error.value)
    next((tmp_path / "far").rglob("*.png")).unlink()
    with pytest.raises(ImveilError, match="should have"):
        encrypt_far(made(5), url, SCHEME, KEY)
    with pytest.raises(ImveilError, match="nowhere://x"):
        encrypt_far(made(5), "nowhere://x", SCHEME, KEY)


def test_no_server_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-store")
    with pytest.raises(BadDestination, match="s3://elsewhere/x cannot be used") as error:
        encrypt_far(made(5), "s3://elsewhere/x", SCHEME, KEY)
    assert "a-secret" not in str(error.value)


def test_pictures_from_elsewhere(s3: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    files: dict[str, bytes] = {"train/cat/.hidden.png": b"", "train/notes.txt": b"x", "train/cat/broken.png": b"no"}
    for i in range(6):
        out = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(out, "PNG")
        files[f"{('train', 'test')[i % 2]}/{('cat', 'dog')[i // 3]}/{i}.png"] = out.getvalue()
    Far(f"{s3}/photos").write(files)
    for name, data in files.items():
        place = tmp_path / "photos" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    source = open_source(f"{s3}/photos")
    assert source.classes == ["cat", "dog"]
    assert source.splits == {"train": 4, "test": 3}
    report = encrypt_set(source, tmp_path / "far", SCHEME, KEY)
    assert [r.reason.startswith("s3://bucket/photos/train/cat/broken.png: ") for r in report.rejected] == [True]
    encrypt_set(tmp_path / "photos", tmp_path / "near", SCHEME, KEY)
    far, near = tree(tmp_path / "far"), tree(tmp_path / "near")
    assert {k: v for k, v in far.items() if k.endswith(".png")} == {k: v for k, v in near.items() if k.endswith(".png")}
    with pytest.raises(BadSource, match="holds no pictures"):
        open_source(f"{s3}/nothing")


def test_a_password_in_an_address_is_not_shown() -> None:
    far = Far("ftp://ann:hunter2@127.0.0.1:1/photos")
    with pytest.raises(BadDestination) as error:
        far.list()
    assert "hunter2" not in str(error.value)


def test_a_set_elsewhere_is_read(tmp_path: Path) -> None:
    """Its address with both slashes, and as a path leaves of it."""
    encrypt_set(made(4), tmp_path / "c", imveil.find("negpos/1"), KEY)
    for address in (f"file://{tmp_path}/c", Path(f"file://{tmp_path}/c")):
        with fetched(address) as near:
            home = near.path
            assert home != tmp_path / "c"
            assert verify_set(home, KEY).wrong == []
        assert not home.exists()
    with fetched(tmp_path / "c") as near:
        assert near == (tmp_path / "c", str(tmp_path / "c"), [])


def test_what_shows_a_folder_in_an_object_store_is_no_file(s3: str) -> None:
    import s3fs

    for key in ("marked/", "marked/train/", "marked/cat.png/"):
        s3fs.S3FileSystem().call_s3("put_object", Bucket="bucket", Key=key, Body=b"")
    assert encrypt_far(made(4), f"{s3}/marked", SCHEME, KEY, workers=1).images == 4
    with fetched(f"{s3}/marked") as near:
        verdict = verify_set(near.path, KEY)
        assert (verdict.proven, verdict.wrong) == (True, [])


def test_verify_decrypt_and_train_take_an_address(s3: str, tmp_path: Path, capsys: Any) -> None:
    """As commands; what no data set can hold is named by verify, and takes nothing along."""
    write_key(str(tmp_path / "k.key"), KEY)
    url, key = f"{s3}/whole", ["--key", str(tmp_path / "k.key")]
    encrypt_far(made(12), url, imveil.find("negpos/1"), KEY, workers=1)

    def asked(code: int, *words: str) -> Any:
        with pytest.raises(SystemExit) as end:
            main([*words])
        said = capsys.readouterr()
        assert end.value.code == code, said.err
        assert "imveil-near" not in said.out + said.err
        return said

    assert asked(0, "verify", url, *key).out.startswith(f"{url}: 12 pictures, as its owner wrote it")
    asked(0, "decrypt", url, str(tmp_path / "p"), *key)
    assert len(list((tmp_path / "p").rglob("*.png"))) == 12
    odd = ["train//x.png", "train/../x.png", f"train/{'y' * 300}.png", "imveil.json/x.png", "zebra/x.png"]
    Far(url).write(dict.fromkeys(odd, b"no"))
    gone = next(name for name in Far(url).list() if name.endswith(".png") and name not in odd)
    Far(url).remove([gone])
    said = asked(2, "verify", url, *key).err
    assert [name for name in (*odd[:4], gone, "zebra is a folder") if f"{url}/{name}" not in said] == []
    assert "6 things are not as its owner wrote it" in said
    said = asked(1, "decrypt", url, str(tmp_path / "q"), *key).err
    assert f"{url}/{gone}" in said
    assert len(list((tmp_path / "q").rglob("*.png"))) == 11


def test_cloud_train_takes_an_address(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    encrypt_set(made(12), tmp_path / "c", imveil.find("plain/1"), KEY, workers=1)
    said: list[str] = []
    model = cloud.train(
        f"file://{tmp_path}/c", epochs=1, width=4, batch=4, attack=False, tell=lambda _, text: said.append(text)
    )
    assert any(text.startswith(f"file://{tmp_path}/c: plain/1") for text in said)
    assert "imveil-near" not in model.info.model_dump_json()


def test_a_set_larger_than_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encrypt_set(made(4), tmp_path / "c", SCHEME, KEY, workers=1)
    monkeypatch.setattr("imveil.store.far.shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(BadSource, match=r"bytes, 1,000 are free for temporary files"), fetched(f"file://{tmp_path}/c"):
        pass

"""Every container: what goes in comes out, in the same bytes always, and a changed byte is refused."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imveil
from imveil import Key, registry
from imveil.cli import main
from imveil.errors import BadDestination, BadDtype, BadImage, BadManifest, BadShape, BadShard, UnknownName, WrongKey
from imveil.keys.files import write_key
from imveil.owner import encryption
from imveil.owner.decryption import decrypt_file, decrypt_image, decrypt_set
from imveil.owner.encryption import encrypt_file, encrypt_set
from imveil.owner.picture import read_picture
from imveil.store import arrays, png
from imveil.store.containers import _single, base, npz
from imveil.store.manifest import Manifest, Shard, read_manifest, write_manifest
from imveil.store.sets import open_set, read_image, read_images
from imveil.store.tag import Tag
from made_source import Made, made, tree
from variants import pictures

KEY, OTHER = Key(b"k" * 32), Key(b"o" * 32)
SCHEMES = {"uint8": imveil.find("negpos/1", per_image=True), "float32": imveil.find("orthogonal/1", block=2)}
CASES = [
    pytest.param(name, scheme, id=f"{name}-{scheme.id}")
    for name in registry.files(base.PACKAGE)
    for dtype, scheme in SCHEMES.items()
    if dtype in base.find(name).dtypes and not base.find(name).lossy
]
every = pytest.mark.parametrize(("name", "scheme"), CASES)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "SHARD", 5)


def run(source: Any, destination: Path, name: str | None, scheme: Any, **options: Any) -> Any:
    return encrypt_set(source, destination, scheme, KEY, **{"workers": 1, "container": name, **options})


def restored(source: Made, folder: Path) -> bool:
    """Every picture of the source is in the folder, pixel by pixel."""
    for i, item in enumerate(source.items):
        place = folder / str(item.split) / source.classes[item.label or 0] / (item.name.removesuffix(".jpg") + ".png")
        if not np.array_equal(read_picture(place).pixels, source.read(i).pixels):
            return False
    return len(tree(folder)) == len(source.items)


@every
@pytest.mark.parametrize("keep_names", [False, True])
def test_round_trip(tmp_path: Path, name: str, scheme: Any, keep_names: bool) -> None:
    # Sizes that differ, that blocks do not tile, grey, 16 bits.
    source = made(24, deep=frozenset({3, 7}), shapes={4: (5, 9, 3), 6: (6, 2, 1), 9: (7, 8, 3)})
    report = run(source, tmp_path / "c", name, scheme, keep_names=keep_names)
    found = open_set(tmp_path / "c")
    assert (report.images, found.manifest.container, found.manifest.count) == (24, name, 24)
    assert report.bytes == sum(shard.bytes for shard in found.manifest.shards)
    found.verify()
    found.check_present()
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY, workers=1).images == 24
    assert restored(source, tmp_path / "p")
    names = [entry.path for entry in found.entries()]
    assert any("picture" in path for path in names) == keep_names
    assert all(path.endswith(base.find(name).extension) for path in names)


@every
def test_what_is_loaded_is_what_the_scheme_gives(tmp_path: Path, name: str, scheme: Any) -> None:
    source = made(24)
    run(source, tmp_path, name, scheme, keep_names=True)
    loaded = open_set(tmp_path).load("train")
    places = [i for i, item in enumerate(source.items) if item.split == "train"]
    ids = [f"train/{source.classes[source.items[i].label or 0]}/{source.items[i].name}" for i in places]
    cipher = scheme.encrypt(np.stack([source.read(i).pixels for i in places]), KEY, ids)
    assert loaded.images.dtype == scheme.traits.dtype
    np.testing.assert_array_equal(loaded.images, cipher.images)
    assert loaded.labels.tolist() == [source.items[i].label for i in places]
    assert [tag and tag.nonce for tag in loaded.tags] == (cipher.nonces or [None] * len(places))
    assert {tag and (tag.scheme, tag.fingerprint) for tag in loaded.tags} == {(scheme.id, KEY.fingerprint)}


@every
def test_the_same_bytes_however_often_it_is_interrupted(tmp_path: Path, name: str, scheme: Any) -> None:
    source = made(24, broken=frozenset({9}))
    run(source, tmp_path / "whole", name, scheme)
    whole = tree(tmp_path / "whole")
    run(source, tmp_path / "two", name, scheme, workers=2)
    assert tree(tmp_path / "two") == whole

    def stop(at: Any) -> None:
        if at.done >= 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "cut", name, scheme, progress=stop)
    # A shard that was cut off is made anew, one that is whole is kept.
    shards = sorted((tmp_path / "cut").glob("imveil-shard-*"))
    assert 2 <= len(shards) < 5
    shards[0].write_bytes(shards[0].read_bytes()[:-1])
    counts = {shard.file: shard.count for shard in read_manifest(tmp_path / "whole").shards}
    assert run(source, tmp_path / "cut", name, scheme).kept == sum(counts[shard.name] for shard in shards[1:])
    assert tree(tmp_path / "cut") == whole
    # A picture that can be read now joins the others; where it is not in it, a shard is kept.
    again = run(made(24), tmp_path / "cut", name, scheme)
    short = min(shard.count for shard in read_manifest(tmp_path / "whole").shards if shard.count % 5 == 4)
    assert (again.kept, again.images) == (23 - short, 24)
    run(made(24), tmp_path / "mended", name, scheme)
    assert tree(tmp_path / "cut") == tree(tmp_path / "mended")
    assert run(made(24), tmp_path / "cut", name, scheme).already


@every
@pytest.mark.parametrize("how", ["missing", "short", "long", *(f"byte {share}" for share in (0, 0.1, 0.5, 0.9, 1))])
def test_a_changed_byte_is_refused(tmp_path: Path, name: str, scheme: Any, how: str) -> None:
    run(made(12), tmp_path / "c", name, scheme)
    file = sorted((tmp_path / "c").glob("imveil-shard-*"))[1]
    data = bytearray(file.read_bytes())
    if how.startswith("byte"):
        data[int(float(how.removeprefix("byte ")) * (len(data) - 1))] ^= 4
    file.write_bytes({"short": data[:-1], "long": data + b"\n"}.get(how, data))
    if how == "missing":
        file.unlink()
    found = open_set(tmp_path / "c")
    for read in (found.verify, lambda: found.load("train")):
        with pytest.raises(BadShard, match=file.name.replace(".", r"\.")):
            read()
    report = decrypt_set(found.path, tmp_path / "p", KEY, workers=1)
    # What the owner's table proves is written, every pixel of it; the rest is named.
    assert report.images + len(report.rejected) == 12
    source = made(12)
    known = {source.read(i).pixels.tobytes() for i in range(12)}
    written = list((tmp_path / "p").rglob("*.png"))
    assert len(written) == report.images
    assert {read_picture(file).pixels.tobytes() for file in written} <= known


def test_a_shard_that_is_changed_meanwhile_takes_only_its_own_pictures_along(tmp_path: Path) -> None:
    run(made(12), tmp_path / "c", "npz", SCHEMES["float32"])
    found, file = open_set(tmp_path / "c"), tmp_path / "c" / "imveil-shard-00001.npz"
    real = base.shard_bytes
    with pytest.MonkeyPatch.context() as patch:
        opened: list[str] = []

        def read(root: Path, shard: Shard, most: int, believed: bool = True) -> bytes:
            opened.append(shard.file)
            if opened.count(file.name) == 1:
                file.write_bytes(b"PK")
            return real(root, shard, most, believed)

        patch.setattr(_single, "checked_bytes", read)
        report = decrypt_set(found.path, tmp_path / "p", KEY, workers=1)
    assert (report.images, len(report.rejected)) == (7, 5)
    assert all("was altered" in reject.reason for reject in report.rejected)


@every
def test_one_picture(tmp_path: Path, name: str, scheme: Any) -> None:
    picture = pictures("one", (6, 4, 3))
    (tmp_path / "x.png").write_bytes(png.encode(picture))
    target = tmp_path / ("y" + (base.find(name).extension or ".npz"))
    encrypt_file(tmp_path / "x.png", target, scheme, KEY)
    image, tag = read_image(target)
    assert image.dtype == scheme.traits.dtype
    assert tag is not None
    assert (tag.scheme, tag.fields, tag.fingerprint) == (scheme.id, scheme.config(), KEY.fingerprint)
    assert list(read_images(target)) == [str(target)]
    decrypt_file(target, tmp_path / "z.png", KEY)
    np.testing.assert_array_equal(read_picture(tmp_path / "z.png").pixels, picture)
    with pytest.raises(WrongKey):
        decrypt_image(target.read_bytes(), OTHER, "y")


def test_numbers_that_png_does_not_hold(tmp_path: Path) -> None:
    for id in ("orthogonal/1", "ffx/1"):
        scheme = imveil.find(id)
        with pytest.raises(BadDtype, match=rf"{id} are {scheme.traits.dtype}, a PNG holds uint8 only; store them as"):
            run(made(4), tmp_path / "c", "folder", scheme)
        (tmp_path / "x.png").write_bytes(png.encode(pictures("x", (8, 8, 3))))
        with pytest.raises(BadDtype, match="a PNG holds uint8 only"):
            encrypt_file(tmp_path / "x.png", tmp_path / "y.png", scheme, KEY)
        run(made(4), tmp_path / id[:3], None, scheme)
        assert read_manifest(tmp_path / id[:3]).container == "npz"
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "y.png").exists()


def test_containers_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no container is called 'fodler'; did you mean folder"):
        run(made(4), tmp_path / "c", "fodler", SCHEMES["uint8"])
    run(made(4), tmp_path / "c", "npz", SCHEMES["uint8"])
    with pytest.raises(BadDestination, match="another way to name or store them"):
        run(made(4), tmp_path / "c", "folder", SCHEMES["uint8"])
    manifest = read_manifest(tmp_path / "c")
    write_manifest(tmp_path / "c", manifest.model_copy(update={"container": "punched-cards"}))
    with pytest.raises(BadManifest, match="stored as 'punched-cards', this imveil reads folder, jpeg, npz, parquet"):
        open_set(tmp_path / "c").load("train")


def test_a_manifest_that_counts_otherwise(tmp_path: Path) -> None:
    run(made(12), tmp_path, "npz", SCHEMES["uint8"])
    manifest = read_manifest(tmp_path)
    write_manifest(tmp_path, Manifest(**{**manifest.model_dump(), "splits": {"train": 8, "test": 4}}))
    for split, said in (("train", "more images in 'train'"), ("test", "3 images in 'test', its manifest says 4")):
        with pytest.raises(BadShard, match=said):
            open_set(tmp_path).load(split)
    run(made(12, shapes={4: (5, 9, 3)}), tmp_path / "mixed", "npz", SCHEMES["uint8"], keep_names=True)
    with pytest.raises(BadShape, match=r"differ in size: train/cat/picture 00000\.jpg is 8x8x3 .* is 5x9x3"):
        open_set(tmp_path / "mixed").load("train")


def a_file() -> bytes:
    """Three images of two sizes, one padded and one of 16 bits, with nonces."""
    tag = {"scheme": "negpos/1", "fields": {"per_image": True}, "fingerprint": "k3xd-7q2a-9fz4-mmwp"}
    images = [np.full((2, 2, 1), 7, np.uint8), np.full((1, 4, 1), 8, np.uint8), np.full((2, 2, 1), 9, np.uint8)]
    tags = [
        Tag(**tag, nonce=b"a" * 16),
        Tag(**tag, nonce=b"b" * 16, depth=16),
        Tag(**tag, nonce=b"c" * 16, size=(1, 2)),
    ]
    return npz.pack(list(zip(["cat/a", "cat/b", "dog/ü"], images, tags, strict=True)))


def test_the_layout_is_what_the_specification_says() -> None:
    data = a_file()
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        found = {name: file[name] for name in file}
    order = ["images", "images_1", "which", "names", "sizes", "depths", "nonces", "about"]
    assert list(found) == order
    assert found["images"].tolist() == [[[[7], [7]], [[7], [7]]], [[[9], [9]], [[9], [9]]]]
    assert found["images_1"].shape == (1, 1, 4, 1)
    assert found["which"].tolist() == [0, 1, 0]
    assert np.char.decode(found["names"], "utf-8").tolist() == ["cat/a", "cat/b", "dog/ü"]
    assert found["sizes"].tolist() == [[0, 0], [0, 0], [1, 2]]
    assert found["depths"].tolist() == [8, 16, 8]
    assert found["nonces"].tobytes() == b"a" * 16 + b"b" * 16 + b"c" * 16
    assert found["about"].item() == (
        b'{"format":1,"scheme":"negpos/1","fields":{"per_image":true},"key":"k3xd-7q2a-9fz4-mmwp"}'
    )
    assert hashlib.sha256(data).hexdigest() == "9ccd181c570b588106066e6caa75c6fe3a2ba04898d9e647c8f9e779c67841da"
    back = npz.unpack(data)
    assert list(back) == ["cat/a", "cat/b", "dog/ü"]
    assert back["dog/ü"].tag == Tag("negpos/1", {"per_image": True}, "k3xd-7q2a-9fz4-mmwp", b"c" * 16, (1, 2))


def test_images_that_do_not_belong_together() -> None:
    image = np.zeros((1, 1, 1), np.uint8)
    for first, second in ((Tag("a/1"), Tag("b/1")), (Tag("a/1"), Tag("a/1", nonce=b"n" * 16))):
        with pytest.raises(BadDtype, match="one scheme, one key"):
            npz.pack([("a", image, first), ("b", image, second)])
    with pytest.raises(BadDtype, match="got float64"):
        npz.pack([("a", image.astype(float), Tag("a/1"))])


@given(data=st.data())
def test_broken_files_give_one_error(data: Any) -> None:
    whole = bytearray(a_file())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    for broken in (bytes(whole), cut):
        try:
            found = npz.unpack(broken)
        except BadImage:
            continue
        assert all(packed.image.ndim == 3 for packed in found.values())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("which", np.array([0, 1, 1]), "not listed"),
        ("which", np.array([0, -1, 0]), "a group that is not there"),
        ("names", np.array([b"a", b"a", b"b"]), "come twice"),
        ("names", np.array([b"../a", b"a", b"b"]), "lead astray"),
        ("names", np.array([b"a", b"b"]), "unequal length"),
        ("names", np.array([b"", b"a", b"b"]), "empty"),
        ("sizes", np.array([[0, 0], [0, 0], [1, 0]]), "makes no sense"),
        ("depths", np.array([8, 8, 9]), "makes no sense"),
        ("nonces", np.zeros((3, 15), np.uint8), "another size"),
        ("images_1", np.zeros((1, 1, 4, 1), np.float64), "no cipher images"),
        ("about", np.array(b"{}"), "malformed|no object"),
        ("more", np.zeros(1), "unknown member 'more'"),
    ],
)
def test_files_that_make_no_sense(name: str, value: Any, said: str) -> None:
    held = arrays.load(a_file())
    with pytest.raises(BadImage, match=said):
        npz.unpack(arrays.dump({**held, name: value}))


def test_files_that_are_not_as_imveil_writes_them() -> None:
    out = io.BytesIO()
    np.savez_compressed(out, images=np.zeros((1, 2, 2, 1), np.uint8))
    with pytest.raises(BadImage, match="deflated"):
        arrays.load(out.getvalue())
    out = io.BytesIO()
    np.savez(out, images=np.array([{}], object))
    with pytest.raises(BadImage, match="no array as imveil writes it"):
        arrays.load(out.getvalue())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.npy", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a.npy", b"")
    with pytest.raises(BadImage, match="twice"):
        arrays.load(out.getvalue())
    with pytest.raises(BadImage, match="holds no cipher images"):
        npz.unpack(arrays.dump({"images": np.zeros((1, 2, 2, 1), np.uint8)}))


@given(
    shape=st.lists(st.integers(0, 4), max_size=4).map(tuple),
    kind=st.sampled_from(["u1", "<u2", ">u2", "<f4", ">f8", "<i8", "?", "S5"]),
    seed=st.integers(0, 99),
)
def test_numpy_reads_what_was_dumped(shape: tuple[int, ...], kind: str, seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 100, shape).astype(kind)
    data = arrays.dump({"a": array, "b": array[..., None]})
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["a"], array)
        assert file["a"].shape == array.shape
    np.testing.assert_array_equal(arrays.load(data)["b"], array[..., None])
    turned = np.array(array, order="F")
    assert data == arrays.dump({"a": turned, "b": array[..., None]})


def test_the_whole_way_through_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    write_key("my.key", KEY)
    for i, picture in enumerate(pictures("way", (24, 8, 8, 3))):
        place = Path("pictures", "test" if i % 4 == 3 else "train", "cat" if i % 2 else "dog", f"{i}.png")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(png.encode(picture))

    def imveil_command(line: str) -> tuple[str, str]:
        with pytest.raises(SystemExit) as left:
            main(line.split())
        out, err = capfd.readouterr()
        assert left.value.code == 0, err
        return out, err

    for id in ("orthogonal/1", "ffx/1"):
        _, err = imveil_command(f"encrypt pictures {id[:3]} --key my.key --scheme {id}")
        assert err.startswith(f"imveil: cipher images of {id} are {imveil.find(id).traits.dtype}, stored as npz\n")
        imveil_command(f"train {id[:3]} {id[:3]}.safetensors --epochs 1 --width 4")
        out, _ = imveil_command(f"predict {id[:3]}.safetensors {id[:3]}")
        assert out.count(".npz:train/cat/") == 6
        imveil_command(f"encrypt pictures/test/cat/3.png {id[:3]}.npz --key my.key --scheme {id}")
        out, _ = imveil_command(f"predict {id[:3]}.safetensors {id[:3]}.npz")
        assert out.startswith(f"{id[:3]}.npz  ")
        imveil_command(f"evaluate {id[:3]}.safetensors {id[:3]}")
        imveil_command(f"decrypt {id[:3]} {id[:3]}-back --key my.key")
        assert tree(Path(f"{id[:3]}-back")) == tree(Path("pictures"))
        imveil_command(f"decrypt {id[:3]}.npz {id[:3]}.png --key my.key")
        assert Path(f"{id[:3]}.png").read_bytes() == Path("pictures/test/cat/3.png").read_bytes()

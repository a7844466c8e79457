"""Encrypting and decrypting data sets: exact, repeatable, resumable, and careful with what is there already."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imveil
from imveil import Key
from imveil.errors import BadDestination, BadDtype, BadImage, BadManifest, BadSource, NotInvertible, WrongKey
from imveil.owner import encryption
from imveil.owner.decryption import decrypt_image, decrypt_set
from imveil.owner.encryption import _without_places, encrypt_set
from imveil.owner.run.progress import Progress, Reject
from imveil.owner.shards import writing
from imveil.owner.shards.contents import read_table
from imveil.owner.shards.sealed_table import Table
from imveil.schemes.base import Traits
from imveil.schemes.plain import Plain
from imveil.store import png, shards
from imveil.store.containers import _files
from imveil.store.files import sync_all
from imveil.store.manifest import FILE, NAMES, read_manifest, write_manifest
from imveil.store.sets import open_set
from made_source import Item, Made, Picture, made, tree

KEY, OTHER = Key(b"k" * 32), Key(b"o" * 32)
SCHEME = imveil.find("negpos/1", per_image=True)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "SHARD", 5)


def run(source: Any, destination: Path, key: Key = KEY, scheme: Any = SCHEME, **options: Any) -> Any:
    return encrypt_set(source, destination, scheme, key, **{"workers": 1, **options})


def restored(source: Made, folder: Path) -> None:
    """Every picture of the source is in the folder under its name, pixel by pixel, and nothing else."""
    found = tree(folder)
    for i, item in enumerate(source.items):
        label = [source.classes[item.label]] if item.label is not None else []
        name = item.name.removesuffix(".jpg") + ".png"
        image, _ = png.decode(found.pop("/".join([*([item.split] if item.split else []), *label, name])))
        picture = source.read(i)
        if picture.depth == 16:
            assert image.dtype == np.uint16
            image = np.concatenate([image >> 8, image & 255], axis=1)
        assert np.array_equal(image, picture.pixels)
    assert not found


@pytest.mark.parametrize("keep_names", [False, True])
@pytest.mark.parametrize(("splits", "classes"), [(True, True), (False, True), (True, False), (False, False)])
def test_round_trip(tmp_path: Path, splits: bool, classes: bool, keep_names: bool) -> None:
    source = made(24, splits=splits, classes=classes, deep=frozenset({3, 7}), shapes={4: (5, 9, 3), 6: (6, 2, 1)})
    report = run(source, tmp_path / "c", keep_names=keep_names)
    assert (report.images, report.kept, report.rejected, report.already) == (24, 0, [], False)
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY, workers=1).images == 24
    restored(source, tmp_path / "p")
    assert open_set(tmp_path / "c").manifest.splits == ({"train": 18, "test": 6} if splits else {"all": 24})


def test_padded_pictures_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plain, "traits", Traits(tile=4))
    source = made(8, shape=(5, 7, 3), deep=frozenset({2}))
    run(source, tmp_path / "c", scheme=imveil.find("plain/1"))
    assert open_set(tmp_path / "c").load("test").images.shape == (2, 8, 8, 3)
    decrypt_set(tmp_path / "c", tmp_path / "p", KEY)
    restored(source, tmp_path / "p")


def test_a_scheme_that_rounds(tmp_path: Path) -> None:
    scheme = imveil.find("etc-grey/1")
    source = made(8, shape=(21, 12, 3), deep=frozenset({5}))
    report = run(source, tmp_path / "c", scheme=scheme)
    assert [(r.at, "16 bits" in r.reason) for r in report.rejected] == [(5, True)]
    assert open_set(tmp_path / "c").load("test").images.shape == (2, 24, 48, 1)
    for _ in range(2):  # the second run finds everything there, and right
        assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY).images == 7
    errors = []
    for i in set(range(8)) - {5}:
        picture, item = source.read(i).pixels, source.items[i]
        file = tmp_path / "p" / str(item.split) / source.classes[item.label or 0] / f"picture {i:05}.png"
        image, _ = png.decode(file.read_bytes())
        np.testing.assert_array_equal(image, scheme.returned(picture[None])[0])
        errors.append(np.abs(image.astype(int) - picture).max())
    assert max(errors) == scheme.traits.error


def test_what_lies_there(tmp_path: Path) -> None:
    source = made(12)
    run(source, tmp_path)
    names = sorted(p.name for p in tmp_path.iterdir())
    lists = [f"imveil-shard-0000{n}.sha256" for n in range(3)]
    assert names == [*lists, "imveil.auth", "imveil.json", "imveil.names", "test", "train"]
    manifest = read_manifest(tmp_path)
    assert manifest.classes == ["cat", "dog"]
    assert [s.count for s in manifest.shards] == [5, 5, 2]
    assert manifest.names == hashlib.sha256((tmp_path / NAMES).read_bytes()).hexdigest()
    open_set(tmp_path).verify()
    # The name of a cipher image, by hand.
    mac = KEY.derive("imveil", "names").mac(b"train/cat/picture 00000.jpg")
    assert (tmp_path / "train" / "cat" / f"{mac[:16].hex()}.png").is_file()


def test_nothing_tells_names_or_order(tmp_path: Path) -> None:
    source = made(24)
    run(source, tmp_path)
    assert not [path for path, data in tree(tmp_path).items() if b"picture" in data or "picture" in path]
    paths = [entry.path.rpartition("/")[2] for entry in open_set(tmp_path).entries()]
    assert paths == sorted(paths)
    table = read_table(open_set(tmp_path), KEY)
    assert [row.name for row in table.rows] == [item.name for item in source.items]


def test_labels_and_tags(tmp_path: Path) -> None:
    source = made(12)
    run(source, tmp_path, keep_names=True)
    loaded = open_set(tmp_path).load("train")
    assert loaded.names[0] == "train/cat/picture 00000.png"
    assert loaded.labels.tolist() == [item.label for item in source.items if item.split == "train"]
    tag = loaded.tags[0]
    assert tag is not None
    pixels = source.read(0).pixels[None]
    assert tag.nonce == SCHEME.nonces(pixels, KEY, ["train/cat/picture 00000.jpg"])[0]
    assert (tag.scheme, tag.fields, tag.fingerprint) == (SCHEME.id, SCHEME.config(), KEY.fingerprint)


def test_kept_names_that_collide(tmp_path: Path) -> None:
    names = ["a.jpg", "a.bmp", "b.jpg", "sub/a.tif"]
    source = Made([Item(None, 0, name) for name in names], ["x"])
    run(source, tmp_path / "c", keep_names=True)
    want = ["x/a.bmp.png", "x/a.jpg.png", "x/b.png", "x/sub/a.png"]
    assert sorted(entry.path for entry in open_set(tmp_path / "c").entries()) == want
    decrypt_set(tmp_path / "c", tmp_path / "p", KEY)
    assert sorted(tree(tmp_path / "p")) == want


def test_workers_do_not_matter(tmp_path: Path) -> None:
    source = made(40, broken=frozenset({9}))
    one, two = (run(source, tmp_path / f"c{n}", workers=n) for n in (1, 2))
    assert tree(tmp_path / "c1") == tree(tmp_path / "c2")
    assert one.rejected == two.rejected
    decrypt_set(tmp_path / "c2", tmp_path / "p1", KEY, workers=1)
    decrypt_set(tmp_path / "c2", tmp_path / "p2", KEY, workers=2)
    assert tree(tmp_path / "p1") == tree(tmp_path / "p2")


class Stop(Exception):
    pass


def stop_after(count: int) -> Callable[[Progress], None]:
    def watch(at: Progress) -> None:
        if at.done >= count:
            raise Stop

    return watch


def test_a_run_goes_on(tmp_path: Path) -> None:
    source = made(24)
    run(source, tmp_path / "whole")
    for stop in (5, 15, 24):
        with pytest.raises(Stop):
            run(source, tmp_path / "cut", progress=stop_after(stop))
        assert not [path for path in tree(tmp_path / "cut") if path.endswith(".part")]
        with pytest.raises(BadManifest, match=r"no imveil\.json"):
            open_set(tmp_path / "cut")
    report = run(source, tmp_path / "cut")
    assert (report.images, report.kept) == (24, 24)
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")
    assert run(source, tmp_path / "cut").already


def test_finished_shards_are_checked_again(tmp_path: Path) -> None:
    source = made(24)
    run(source, tmp_path / "whole")
    with pytest.raises(Stop):
        run(source, tmp_path / "cut", progress=stop_after(20))
    images = sorted((tmp_path / "cut").rglob("*.png"))
    images[0].write_bytes(images[0].read_bytes()[:-1])
    next(iter(tmp_path.glob("cut/.imveil-*.sealed"))).write_bytes(b"")
    report = run(source, tmp_path / "cut")
    assert report.kept in (10, 15)  # the altered image and the sealed facts lie in one shard or two
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")


@pytest.mark.parametrize("complete", [False, True])
def test_another_job_is_refused_with_both_values(tmp_path: Path, complete: bool) -> None:
    if complete:
        run(made(24), tmp_path)
    else:
        with pytest.raises(Stop):
            run(made(24), tmp_path, progress=stop_after(5))
    before = tree(tmp_path)
    holds = "holds a data set" if complete else "holds an interrupted run"
    for options, says in [
        ({"key": OTHER}, f"key {KEY.fingerprint}, this run has key {OTHER.fingerprint}"),
        ({"scheme": imveil.find("aes-xor/1")}, "scheme negpos/1, this run has scheme aes-xor/1"),
        ({"scheme": imveil.find("negpos/1", per_image=False)}, '"per_image": true}, this run has fields'),
        ({"keep_names": True}, "another way to name"),
        ({"source": made(23)}, "other pictures"),
    ]:
        with pytest.raises(BadDestination) as error:
            run(**{"source": made(24), "destination": tmp_path, **options})
        assert holds in str(error.value)
        assert says in str(error.value)
    assert tree(tmp_path) == before


def test_a_destination_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(BadDestination, match=r"not empty: it holds 'thesis\.tex'"):
        run(made(4), tmp_path)
    with pytest.raises(BadDestination, match="cannot be used as a folder"):
        run(made(4), tmp_path / "thesis.tex")
    with pytest.raises(BadDestination, match="cannot be used as a folder"):
        run(made(4), tmp_path / "thesis.tex" / "more")
    assert tree(tmp_path) == {"thesis.tex": b"years"}


@pytest.mark.parametrize("file", ["imveil.json", "imveil-run.json"])
@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": "imveil-run", "version": 9}'])
def test_a_destination_with_a_broken_set(tmp_path: Path, file: str, data: bytes) -> None:
    (tmp_path / file).write_bytes(data)
    with pytest.raises(BadDestination):
        run(made(4), tmp_path)
    assert tree(tmp_path) == {file: data}


def test_two_runs_at_once(tmp_path: Path) -> None:
    def watch(_: Progress) -> None:
        with pytest.raises(BadDestination, match="another run is writing"):
            run(made(24), tmp_path)

    assert run(made(24), tmp_path, progress=watch).images == 24


def test_broken_pictures_are_left_out(tmp_path: Path) -> None:
    source = made(24, broken=frozenset({0, 11}))
    report = run(source, tmp_path / "c")
    assert [(r.at, r.id) for r in report.rejected] == [
        (0, "train/cat/picture 00000.jpg"),
        (11, "test/dog/picture 00011.jpg"),
    ]
    lines = [json.loads(line) for line in (tmp_path / "c" / "rejected.jsonl").read_text().splitlines()]
    assert [line["file"] for line in lines] == [r.path for r in report.rejected]
    assert all("truncated" in line["reason"] for line in lines)
    assert not [p for p, data in tree(tmp_path / "c").items() if b"picture 0" in data or b"alice" in data]
    assert read_manifest(tmp_path / "c").rejected == 2
    open_set(tmp_path / "c").verify()
    assert decrypt_set(tmp_path / "c", tmp_path / "p", KEY).images == 22
    # The same again is the same; mended, they are added.
    before = tree(tmp_path / "c")
    again = run(source, tmp_path / "c")
    assert not again.already
    assert again.rejected == report.rejected
    assert tree(tmp_path / "c") == before
    mended = run(made(24), tmp_path / "c")
    assert (mended.images, mended.rejected) == (24, [])
    assert 0 < mended.kept < 24
    run(made(24), tmp_path / "whole")
    assert tree(tmp_path / "c") == tree(tmp_path / "whole")


def test_kept_names_are_told(tmp_path: Path) -> None:
    run(made(8, broken=frozenset({1})), tmp_path, keep_names=True)
    told = json.loads((tmp_path / "rejected.jsonl").read_text())
    assert told["name"] == "train/cat/picture 00001.jpg"
    assert told["reason"] == "is truncated"


def test_hidden_labels_stay_hidden_where_names_are_kept(tmp_path: Path) -> None:
    report = run(made(8, broken=frozenset({1})), tmp_path, keep_names=True, hide_labels=True)
    text = (tmp_path / "rejected.jsonl").read_text()
    assert json.loads(text) == {"file": report.rejected[0].path, "reason": "is truncated"}
    assert "cat/" not in text


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("/a b/train/cat/p.png: cannot identify", "cannot identify"),
        ("c/train/cat/0a.png was altered: its SHA-256 should be " + "0" * 64 + ", it is " + "1" * 64,
         "was altered"),
        ("p.png is not there", "is not there"),
        ("list/of.csv, line 3: no such label", "..., line 3: no such label"),
        ("pictures of 1x1x7: 3 channels were needed", "pictures of 1x1x7: 3 channels were needed"),
    ],
)  # fmt: skip
def test_reasons_lie_in_the_set_without_places(reason: str, told: str) -> None:
    assert _without_places(Reject(0, "train/cat/p.png", "train/cat/0a.png", reason)) == told


def test_a_set_is_on_the_disk_before_it_says_that_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def synced(root: Path) -> None:
        seen.append((root, len(list(root.rglob("*.png"))), (root / FILE).exists()))
        sync_all(root)

    monkeypatch.setattr(encryption, "sync_all", synced)
    run(made(8), tmp_path)
    assert seen == [(tmp_path, 8, False)]


def test_strict_stops_at_the_picture_and_a_mended_run_goes_on(tmp_path: Path) -> None:
    read = []

    class Counting(Made):
        def read(self, i: int) -> Picture:
            read.append(i)
            return super().read(i)

    source = made(24, broken=frozenset({11}))
    source = Counting(source.items, source.classes, broken=source.broken)
    with pytest.raises(BadSource, match=r"picture 00011\.jpg.*mend or remove it"):
        run(source, tmp_path, strict=True, workers=1)
    assert read[-1] == 11
    assert run(made(24), tmp_path, strict=True).images == 24


def test_pictures_that_the_scheme_does_not_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plain, "traits", Traits(channels=(3,)))
    plain = imveil.find("plain/1")
    report = run(made(12, shapes={0: (8, 8, 1)}), tmp_path / "some", scheme=plain)
    assert [r.at for r in report.rejected] == [0]
    assert "channels" in report.rejected[0].reason
    with pytest.raises(ValueError, match="channels"):  # all of them: said once, and nothing is written
        run(made(12, shape=(8, 8, 1)), tmp_path / "none", scheme=plain)
    assert not (tmp_path / "none").exists()


def test_nothing_to_encrypt(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="no pictures"):
        run(made(0), tmp_path / "c")
    with pytest.raises(BadSource, match="none of the 12 pictures"):
        run(made(12, broken=frozenset(range(12))), tmp_path / "c")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    "items",
    [
        [Item(None, 0, "a.png"), Item(None, 0, "a.png")],
        [Item(None, 0, "../a.png")],
        [Item(None, 5, "a.png")],
        [Item("train", 0, "a.png"), Item(None, 0, "a.png")],
        [Item("all", 0, "a.png")],
        [Item("..", 0, "a.png")],
    ],
)
def test_bad_sources(tmp_path: Path, items: list[Item]) -> None:
    with pytest.raises(BadSource):
        run(Made(items, ["x"]), tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_values_that_png_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plain, "traits", Traits(dtype="float32"))
    with pytest.raises(BadDtype, match="float32, a PNG holds uint8 only"):
        run(made(4), tmp_path / "c", scheme=imveil.find("plain/1"), container="folder")
    assert not (tmp_path / "c").exists()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(made(24), tmp_path / "whole")
    written = 0

    def full(path: Path, *args: Any, **options: Any) -> None:
        nonlocal written
        written += 1
        if written > 12:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        encryption.write_file(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_file", full)
        patch.setattr(_files, "write_file", full)
        with pytest.raises(BadDestination, match=r"no space is left .* run the same command again"):
            run(made(24), tmp_path / "c")
    assert run(made(24), tmp_path / "c").kept == 5
    assert tree(tmp_path / "c") == tree(tmp_path / "whole")


@pytest.fixture
def ciphers(tmp_path: Path) -> Path:
    run(made(24), tmp_path / "c")
    return tmp_path / "c"


def test_the_wrong_key(tmp_path: Path, ciphers: Path) -> None:
    with pytest.raises(WrongKey, match=f"under key {KEY.fingerprint}, this is key {OTHER.fingerprint}"):
        decrypt_set(ciphers, tmp_path / "p", OTHER)
    assert not (tmp_path / "p").exists()


def test_what_has_no_way_back(tmp_path: Path, ciphers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(SCHEME), "traits", Traits(invertible=False))
    with pytest.raises(NotInvertible, match="negpos/1 loses information"):
        decrypt_set(ciphers, tmp_path / "p", KEY)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("name", ["imveil.names", "imveil-shard-00001.sha256", "one image", "imveil.json"])
@pytest.mark.parametrize("how", ["missing", "changed", "short"])
def test_a_set_that_is_broken(tmp_path: Path, ciphers: Path, name: str, how: str) -> None:
    """One image takes no other along, and neither a list nor the manifest any."""
    file = min(ciphers.rglob("*.png")) if name == "one image" else ciphers / name
    data = file.read_bytes()
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(data[:-1] if how == "short" else data[:50] + bytes([data[50] ^ 1]) + data[51:])
    if name == "imveil.names":
        with pytest.raises(BadManifest, match=r"imveil\.names"):
            decrypt_set(ciphers, tmp_path / "p", KEY)
        assert not (tmp_path / "p").exists()
        return
    report = decrypt_set(ciphers, tmp_path / "p", KEY)
    lost = {"one image": 1, "imveil-shard-00001.sha256": how == "changed"}.get(name, 0)
    assert (report.images, len(report.rejected)) == (24 - lost, lost)
    assert bool(report.wrong) == (name == "imveil.json")
    if name == "one image":
        assert {"missing": "No such file", "changed": "SHA-256", "short": "SHA-256"}[how] in report.rejected[0].reason


def signed_again(folder: Path) -> None:
    """What a cloud can do that wants to hide a change: new lists, a new manifest."""
    found, held = open_set(folder), []
    for shard in found.manifest.shards:
        files = [(e.path, (folder / e.path).read_bytes()) for e in found.shard(shard)]
        data = shards.dump([shards.Line(path, hashlib.sha256(image).hexdigest()) for path, image in files])
        (folder / shard.file).write_bytes(data)
        total = sum(len(image) for _, image in files)
        held.append(shard.model_copy(update={"sha256": hashlib.sha256(data).hexdigest(), "bytes": total}))
    write_manifest(folder, found.manifest.model_copy(update={"shards": held}))


def test_a_cloud_that_swaps_pictures(tmp_path: Path, ciphers: Path) -> None:
    one, two = sorted((ciphers / "train" / "cat").iterdir())[:2]
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    signed_again(ciphers)
    open_set(ciphers).verify()
    report = decrypt_set(ciphers, tmp_path / "p", KEY)
    assert sorted(r.path for r in report.rejected) == sorted(p.relative_to(ciphers).as_posix() for p in (one, two))
    assert all("it was altered" in r.reason for r in report.rejected)
    assert len(tree(tmp_path / "p")) == 22


def test_a_cloud_that_changes_pixels(tmp_path: Path, ciphers: Path) -> None:
    file = min(ciphers.rglob("*.png"))
    image, tag = png.decode(file.read_bytes())
    file.write_bytes(png.encode(image ^ 1, tag))
    signed_again(ciphers)
    report = decrypt_set(ciphers, tmp_path / "p", KEY)
    assert [r.path for r in report.rejected] == [file.relative_to(ciphers).as_posix()]


def test_decryption_goes_on(tmp_path: Path, ciphers: Path) -> None:
    with pytest.raises(Stop):
        decrypt_set(ciphers, tmp_path / "p", KEY, workers=1, progress=stop_after(10))
    assert len(tree(tmp_path / "p")) == 10
    (tmp_path / "p" / ".imveil-00003.part").write_bytes(b"left over from a killed run")
    report = decrypt_set(ciphers, tmp_path / "p", KEY, workers=1)
    assert (report.images, report.kept) == (24, 10)
    restored(made(24), tmp_path / "p")
    assert decrypt_set(ciphers, tmp_path / "p", KEY).already


def test_decryption_leaves_other_files_alone(tmp_path: Path, ciphers: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("mine")
    with pytest.raises(BadDestination, match=r"it holds 'mine\.txt'"):
        decrypt_set(ciphers, tmp_path / "p", KEY)
    (tmp_path / "p" / "mine.txt").unlink()
    mine = tmp_path / "p" / "train" / "cat" / "picture 00000.png"
    mine.parent.mkdir(parents=True)
    for data in (b"mine", png.encode(np.zeros((8, 8, 3), np.uint8))):
        mine.write_bytes(data)
        with pytest.raises(BadDestination, match="is there already"):
            decrypt_set(ciphers, tmp_path / "p", KEY, workers=1)
        assert mine.read_bytes() == data


def test_a_destination_inside_of_the_source(ciphers: Path) -> None:
    for inside in (ciphers, ciphers / "p", ciphers.parent):
        with pytest.raises(BadDestination, match="lie in one another"):
            decrypt_set(ciphers, inside, KEY)


def test_one_cipher_file(tmp_path: Path) -> None:
    source = made(4, deep=frozenset({1}))
    run(source, tmp_path, keep_names=True)
    for i in range(3):
        data = (tmp_path / "train" / ("dog" if i == 2 else "cat") / f"picture {i:05}.png").read_bytes()
        image, tag = png.decode(decrypt_image(data, KEY, "x.png"))
        want = source.read(i).pixels
        assert tag is None
        assert np.array_equal(image, want if i != 1 else want[:, :8].astype(int) * 256 + want[:, 8:])
        with pytest.raises(WrongKey, match=f"x.png was encrypted under key {KEY.fingerprint}"):
            decrypt_image(data, OTHER, "x.png")
    with pytest.raises(BadImage, match=r"x\.png has no chunk imVl"):
        decrypt_image(png.encode(image), KEY, "x.png")
    with pytest.raises(BadImage, match=r"x\.png: this is no PNG"):
        decrypt_image(b"GIF", KEY, "x.png")


def test_the_sealed_table_is_bound_to_the_key(ciphers: Path) -> None:
    sealed = (ciphers / NAMES).read_bytes()
    assert Table.opened(sealed, KEY, "t").classes == ["cat", "dog"]
    for key, data in [(OTHER, sealed), (KEY, sealed[:-1]), (KEY, b""), (KEY, sealed[:40] + b"x" + sealed[41:])]:
        with pytest.raises(BadManifest):
            Table.opened(data, key, "t")

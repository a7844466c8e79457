"""Drop-ins in the real packages: torch's DataLoader, torchvision v2, datasets, webdataset; the key never travels."""

from __future__ import annotations

import copy
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import CipherDataset, EncryptColumn, EncryptSample, Key, KeyRef
from imveil.errors import BadDtype, BadIds, BadInput, BadShape, BadShard, SecretLeak, WrongKey
from imveil.keys.files import write_key
from imveil.owner.decryption import decrypt_image
from imveil.owner.encryption import encrypt_set
from imveil.store import png
from imveil.store.sets import open_set
from made_source import made
from vision import v2

torch = pytest.importorskip("torch")
from imveil.torch import Encrypt  # noqa: E402

KEY = Key(bytes(range(32)))
IMAGES = np.stack([made(6).read(i).pixels for i in range(6)])


@pytest.fixture
def place(tmp_path: Path) -> str:
    write_key(tmp_path / "owner.key", KEY)
    return str(tmp_path / "owner.key")


def chw(images: Any) -> Any:
    return torch.from_numpy(np.ascontiguousarray(images)).movedim(-1, -3).contiguous()


@pytest.mark.parametrize("id", ["negpos/1", "patch/1", "orthogonal/1", "etc/1"])
def test_the_transform_does_what_the_scheme_does(place: str, id: str) -> None:
    scheme = imveil.find(id, block=4) if id != "negpos/1" else imveil.find(id)
    want = chw(scheme.encrypt(IMAGES, KEY).images)
    transform = Encrypt(scheme, place)
    assert torch.equal(transform(chw(IMAGES)), want)
    assert torch.equal(transform(chw(IMAGES[2])), want[2])
    assert torch.equal(transform(chw(IMAGES)[:, :, ::2][:, :, :4]), transform(chw(IMAGES)[:, :, ::2].contiguous()))
    cipher, label = transform(chw(IMAGES[1]), 7)
    assert (torch.equal(cipher, want[1]), label) == (True, 7)


def test_a_key_per_image_draws_a_nonce_and_drops_it(place: str) -> None:
    transform = Encrypt("negpos/1", place, per_image=True, colors=False)
    one, other = transform(chw(IMAGES)), transform(chw(IMAGES))
    assert one.shape == (6, 3, 8, 8)
    assert not torch.equal(one, other)
    seen = (one ^ chw(IMAGES)).unique()
    assert set(seen.tolist()) <= {0, 255}  # negpos inverts samples or leaves them


def test_what_it_does_not_take(place: str) -> None:
    transform = Encrypt("etc/1", place, block=4)
    with pytest.raises(BadDtype, match="stands before ToDtype and Normalize"):
        transform(chw(IMAGES).float() / 255)
    with pytest.raises(BadDtype, match=r"v2\.ToImage"):
        transform(Image.new("RGB", (8, 8)))
    with pytest.raises(BadShape, match=r"\(c, h, w\)"):
        transform(torch.zeros(8, 8, dtype=torch.uint8))
    with pytest.raises(BadShape):
        transform(torch.zeros(3, 7, 8, dtype=torch.uint8))
    assert Encrypt("etc/1", place, block=4, pad=True)(torch.zeros(3, 7, 8, dtype=torch.uint8)).shape == (3, 8, 8)
    with pytest.raises(BadInput, match="set already"):
        Encrypt(imveil.find("etc/1"), place, block=4)


def test_all_that_is_pickled_and_shown_is_the_place_of_the_key(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_KEY", place)
    for key in (place, "env:OWNER_KEY", KeyRef(place)):
        for make in (Encrypt, EncryptColumn, EncryptSample):
            one = make("negpos/1", key)
            data = pickle.dumps(one)
            assert KEY.reveal() not in data
            again = pickle.loads(data)
            assert again.fingerprint == KEY.fingerprint
            assert again.key == KEY
            assert repr(again) == repr(one)
            assert copy.deepcopy(one).key == KEY
            assert f"negpos/1, key={KEY.fingerprint}, from " in repr(one)
    live = Encrypt("negpos/1", KEY)
    assert copy.deepcopy(live).key == KEY
    with pytest.raises(SecretLeak, match="in this process and its forks alone; give it the place"):
        pickle.dumps(live)
    one = pickle.dumps(Encrypt("negpos/1", place))
    write_key(place, Key(bytes(32)), force=True)
    with pytest.raises(WrongKey, match=f"holds key {Key(bytes(32)).fingerprint} now, it was {KEY.fingerprint}"):
        _ = pickle.loads(one).key


class Plain(torch.utils.data.Dataset):
    def __init__(self, transform: Any) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, i: int) -> Any:
        return self.transform(chw(IMAGES[i]))


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning", "ignore:Got pickle error")
def test_in_workers_of_a_loader(place: str, start: str) -> None:
    want = chw(imveil.find("negpos/1").encrypt(IMAGES, KEY).images)
    for key in [place, *([KEY] if start == "fork" else [])]:
        loader = torch.utils.data.DataLoader(
            Plain(Encrypt("negpos/1", key)), batch_size=3, num_workers=1, multiprocessing_context=start, timeout=60
        )
        assert torch.equal(torch.cat(list(loader)), want)
    if start != "fork":
        with pytest.raises(SecretLeak):
            list(
                torch.utils.data.DataLoader(
                    Plain(Encrypt("negpos/1", KEY)), num_workers=1, multiprocessing_context=start
                )
            )


def test_in_torchvision(place: str) -> None:
    transforms = v2()
    from torchvision import tv_tensors

    whole = transforms.Compose(
        [
            transforms.ToImage(),
            transforms.CenterCrop(8),
            Encrypt("negpos/1", place),
            transforms.ToDtype(torch.float32, scale=True),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    picture = Image.fromarray(IMAGES[0])
    found, label = whole(picture, 1)
    want = chw(imveil.find("negpos/1").encrypt(IMAGES[:1], KEY).images)[0].float() / 255
    assert torch.allclose(found, (want - 0.5) / 0.5, atol=1e-6)
    assert label == 1
    assert isinstance(Encrypt("negpos/1", place)(tv_tensors.Image(chw(IMAGES[0]))), tv_tensors.Image)
    with pytest.raises(BadDtype, match="before ToDtype"):
        transforms.Compose([transforms.ToImage(), transforms.ToDtype(torch.float32), Encrypt("negpos/1", place)])(
            picture
        )


@pytest.fixture
def rows(tmp_path: Path) -> Any:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.Value("int64"), "name": datasets.Value("string")}
    )
    pictures = [Image.fromarray(image) for image in IMAGES]
    facts = {"image": pictures, "label": [0, 1] * 3, "name": [f"{i}.png" for i in range(6)]}
    folder = str(tmp_path / "plain")
    datasets.Dataset.from_dict(facts, features).save_to_disk(folder)
    return datasets.load_from_disk(folder)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_datasets(rows: Any, place: str) -> None:
    done = rows.map(EncryptColumn("negpos/1", place), batched=True, features=rows.features)
    want = imveil.find("negpos/1").encrypt(IMAGES, KEY).images
    assert [np.array_equal(np.asarray(image), cipher) for image, cipher in zip(done["image"], want, strict=True)] == [
        True
    ] * 6
    assert list(done["label"]) == [0, 1] * 3
    single = rows.map(EncryptColumn("negpos/1", place), features=rows.features)
    assert np.array_equal(np.asarray(single[4]["image"]), want[4])
    # The files keep their tags, so each can be decrypted.
    import datasets

    raw = rows.map(EncryptColumn("negpos/1", place, ids="name", per_image=True), batched=True, features=rows.features)
    for i, row in enumerate(raw.cast_column("image", datasets.Image(decode=False))):
        assert np.array_equal(png.decode(decrypt_image(row["image"]["bytes"], KEY, "it"))[0], IMAGES[i])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_fingerprint_of_datasets(rows: Any, place: str, tmp_path: Path) -> None:
    """The same work is found again; another key, scheme or field is other work."""
    from datasets.fingerprint import Hasher

    write_key(tmp_path / "other.key", Key(bytes(32)))
    kinds = [
        ("negpos/1", place, {}),
        ("negpos/1", str(tmp_path / "other.key"), {}),
        ("logistic-xor/1", place, {}),
        ("patch/1", place, {"block": 4}),
        ("patch/1", place, {"block": 2}),
    ]
    prints = [Hasher.hash(EncryptColumn(id, key, **fields)) for id, key, fields in kinds]
    assert len(set(prints)) == 5
    used = EncryptColumn("negpos/1", place)
    used({"image": [IMAGES[0]]})
    assert prints == [Hasher.hash(EncryptColumn(id, key, **fields)) for id, key, fields in kinds]
    assert Hasher.hash(used) == prints[0]
    one, other = (rows.map(used, batched=True, features=rows.features) for _ in range(2))
    assert one._fingerprint == other._fingerprint != rows._fingerprint
    write_key(place, Key(bytes(31) + b"x"), force=True)  # another key in the same place
    assert Hasher.hash(EncryptColumn("negpos/1", place)) != prints[0]


def test_a_column_that_will_not_do(place: str) -> None:
    with pytest.raises(BadIds, match="name the column of their names"):
        EncryptColumn("negpos/1", place, per_image=True)
    with pytest.raises(BadInput, match="there is no column 'image'; there are 'picture'"):
        EncryptColumn("negpos/1", place)({"picture": []})
    with pytest.raises(BadDtype, match="before everything that scales"):
        EncryptColumn("negpos/1", place)({"image": [IMAGES[0] / 255]})
    with pytest.raises(BadDtype, match="cipher images of orthogonal/1 are float32"):
        EncryptColumn("orthogonal/1", place)({"image": [IMAGES[0]]})


def test_pictures_in_all_forms_are_the_same(place: str) -> None:
    column, out = EncryptColumn("negpos/1", place), io.BytesIO()
    Image.fromarray(IMAGES[0]).save(out, "PNG")
    forms = [IMAGES[0], Image.fromarray(IMAGES[0]), out.getvalue(), {"bytes": out.getvalue(), "path": None}]
    files = {row["bytes"] for row in column({"image": forms})["image"]}
    assert len(files) == 1
    for image in (
        Image.new("1", (4, 4)),
        Image.new("P", (4, 4)),
        Image.new("L", (4, 4)),
        Image.new("I;16", (4, 4), 300),
    ):
        plain = png.decode(decrypt_image(column({"image": image})["image"]["bytes"], KEY, "it"))[0]
        assert plain.shape[:2] == (4, 4)
    assert plain.dtype == np.uint16


@pytest.mark.filterwarnings("ignore")
def test_in_webdataset(place: str, tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset")
    with wds.TarWriter(str(tmp_path / "plain-0.tar")) as tar:
        for i, image in enumerate(IMAGES):
            tar.write({"__key__": f"p{i}", "jpg" if i % 2 else "png": image, "cls": i, "json": {"i": i}})
    pictures = [Image.open(io.BytesIO(sample["jpg"])) if "jpg" in sample else Image.open(io.BytesIO(sample["png"]))
                for sample in wds.WebDataset(str(tmp_path / "plain-0.tar"), shardshuffle=False)]  # fmt: skip
    for fields in ({}, {"per_image": True}):
        mapped = wds.WebDataset(str(tmp_path / "plain-0.tar"), shardshuffle=False).map(
            EncryptSample("negpos/1", place, **fields)
        )
        for i, sample in enumerate(mapped):
            assert "jpg" not in sample
            assert json.loads(sample["json"]) == {"i": i}
            plain = png.decode(decrypt_image(sample["png"], KEY, "it"))[0]
            assert np.array_equal(plain, np.asarray(pictures[i]))
    decoded = wds.WebDataset(str(tmp_path / "plain-0.tar"), shardshuffle=False).map(EncryptSample("negpos/1", place))
    images = [image for image, _ in decoded.decode("rgb8").to_tuple("png", "cls")]
    assert np.array_equal(images[0], imveil.find("negpos/1").encrypt(IMAGES[:1], KEY).images[0])
    with pytest.raises(BadInput, match="has no picture, it has '__key__', 'txt'"):
        EncryptSample("negpos/1", place)({"__key__": "x", "txt": b""})


@pytest.fixture(scope="module", params=["folder", "npz", "parquet", "webdataset"])
def cipher_set(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("set") / request.param
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imveil.owner.encryption.SHARD", 7)
        encrypt_set(made(40), home, imveil.find("negpos/1"), KEY, container=request.param)
    return home


def test_a_cipher_data_set_in_a_loader(cipher_set: Path) -> None:
    pictures = CipherDataset(cipher_set)
    want = open_set(cipher_set).load("train")
    assert (len(pictures), pictures.classes, pictures.labels) == (30, ["cat", "dog"], want.labels.tolist())
    assert pictures.names == want.names
    whole = pickle.loads(pickle.dumps(pictures))
    assert [label for _, label in whole] == want.labels.tolist()
    found = torch.stack([image for image, _ in whole])
    assert torch.equal(found, chw(want.images))
    assert f"30 pictures of 'train', negpos/1, key {KEY.fingerprint}" in repr(whole)
    scaled = CipherDataset(cipher_set, "test", transform=lambda image: image / 255)
    assert scaled[-1][0].dtype == torch.float32
    with pytest.raises(IndexError):
        _ = pictures[30]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
def test_a_stream_has_every_picture_once(cipher_set: Path, workers: int) -> None:
    stream = CipherDataset(cipher_set).stream(shuffle=True, seed=3)
    want = sorted(image.tobytes() for image in open_set(cipher_set).load("train").images)
    orders = []
    for _ in range(2):
        loader = torch.utils.data.DataLoader(stream, batch_size=4, num_workers=workers)
        images = torch.cat([batch for batch, _ in loader]).permute(0, 2, 3, 1).numpy()
        orders.append([image.tobytes() for image in images])
        assert sorted(orders[-1]) == want
    assert orders[0] != orders[1]
    plain = [image for image, _ in CipherDataset(cipher_set).stream()]
    assert torch.equal(torch.stack(plain), torch.stack([image for image, _ in CipherDataset(cipher_set)]))


def test_an_altered_picture_stops_it(cipher_set: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(cipher_set, tmp_path / "c")
    for file in (tmp_path / "c").rglob("*"):
        if file.is_file() and not file.name.endswith((".json", ".sha256")):
            file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(BadShard):
        _ = CipherDataset(tmp_path / "c")[0]

"""Arrow batches: there and back exact, the same cipher in any batch, the key by reference only."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imveil
from imveil import Key
from imveil.errors import BadDtype, BadIds, BadImage, BadInput, Mismatch
from imveil.keys.files import write_key
from imveil.keys.reference import KeyRef
from imveil.owner.encryption import encrypt_file
from imveil.store import png

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
from imveil.owner.pipelines.arrow import DecryptBatches, EncryptBatches  # noqa: E402

KEY = Key(b"k" * 32)


@pytest.fixture
def ref(tmp_path: Path) -> KeyRef:
    write_key(tmp_path / "k", KEY)
    return KeyRef(str(tmp_path / "k"))


def pictures(n: int) -> list[Any]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (8 if i % 3 else 12, 8, 3), np.uint8) for i in range(n)]


def table(images: list[Any]) -> Any:
    files = []
    for image in images:
        out = io.BytesIO()
        Image.fromarray(image).save(out, "PNG")
        files.append({"bytes": out.getvalue(), "path": f"{len(files)}.png"})
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table({"label": list(range(len(images))), "image": pa.array(files, kind)})


@pytest.mark.parametrize("scheme", [imveil.find("negpos/1"), imveil.find("negpos/1", per_image=True)])
@pytest.mark.parametrize("rows", [1, 4, 100])
def test_there_and_back(ref: KeyRef, tmp_path: Path, scheme: Any, rows: int) -> None:
    images = pictures(7)
    hide = pickle.loads(pickle.dumps(EncryptBatches(scheme, ref)))
    plain = table(images)
    hidden = list(hide(plain.to_batches(rows)))
    assert {batch.schema for batch in hidden} == {hide.schema(plain.schema)}
    assert [r for b in hidden for r in b.column("label").to_pylist()] == list(range(7))
    whole = pa.Table.from_batches(hidden)
    assert ("nonce" in whole.column_names) == scheme.traits.per_image
    (tmp_path / "3.png").write_bytes(plain["image"][3].as_py()["bytes"])
    encrypt_file(tmp_path / "3.png", tmp_path / "c.png", scheme, KEY)
    assert whole["image"][3].as_py()["bytes"] == (tmp_path / "c.png").read_bytes()
    back = pa.Table.from_batches(list(DecryptBatches(ref)(whole.to_batches(rows))))
    assert back.column_names == plain.column_names
    for image, row in zip(images, back["image"].to_pylist(), strict=True):
        assert (png.decode(row["bytes"])[0] == image).all()


def test_no_secret_travels(ref: KeyRef) -> None:
    hide = EncryptBatches(imveil.find("le/1"), ref)
    list(hide(table(pictures(2)).to_batches()))  # the key is open now
    assert KEY.reveal() not in pickle.dumps(hide)


def test_bad_batches(ref: KeyRef, tmp_path: Path) -> None:
    hide, plain = EncryptBatches(imveil.find("negpos/1"), ref), table(pictures(2))
    with pytest.raises(BadInput, match="no column 'photo', but 'label', 'image'"):
        EncryptBatches(imveil.find("negpos/1"), ref, "photo").schema(plain.schema)
    rows = [{"bytes": b"no picture", "path": "a.png"}]
    with pytest.raises(BadImage, match=r"a\.png"):
        list(hide(pa.table({"image": pa.array(rows, plain.schema.field("image").type)}).to_batches()))
    with pytest.raises(BadIds, match="bytes and a path"):
        list(hide(pa.table({"image": pa.array([None], plain.schema.field("image").type)}).to_batches()))
    with pytest.raises(BadDtype, match="float32"):
        EncryptBatches(imveil.find("orthogonal/1"), ref)
    write_key(tmp_path / "other", Key(b"o" * 32))
    with pytest.raises(Mismatch, match="is encrypted under the key"):
        list(DecryptBatches(KeyRef(str(tmp_path / "other")))(hide(plain.to_batches())))
    with pytest.raises(BadImage, match="no tag"):
        list(DecryptBatches(ref)(plain.to_batches()))

"""The same pictures in every form that sources come in, for the tests of formats: written with the usual packages."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from variants import pictures

CLASSES = ["0", "1"]  # names that all forms can hold
COUNT = 8
IMAGES = pictures("forms", (COUNT, 9, 6, 3))
ROWS = [("test" if i % 4 == 3 else "train", (i // 2) % 2, f"{i:05}.png") for i in range(COUNT)]


def file_of(image: Any, form: str = "png") -> bytes:
    out = io.BytesIO()
    Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(out, form)
    return out.getvalue()


def folder(root: Path) -> Path:
    for (split, label, name), image in zip(ROWS, IMAGES, strict=True):
        place = root / "pictures" / split / str(label) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file_of(image))
    return root / "pictures"


def table(root: Path, kind: str) -> Path:
    place = root / "files"
    place.mkdir(parents=True)
    for (_, _, name), image in zip(ROWS, IMAGES, strict=True):
        (place / name).write_bytes(file_of(image))
    rows = [{"file_name": name, "label": label, "split": split} for split, label, name in ROWS]
    if kind == "jsonl":
        (place / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    else:
        with (place / "labels.csv").open("w", newline="") as out:
            writer = csv.DictWriter(out, ["split", "file_name", "label"])
            writer.writeheader()
            writer.writerows(rows)
    return place


def parquet(root: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (root / "data").mkdir(parents=True)
    features = {"image": {"_type": "Image"}, "label": {"names": CLASSES, "_type": "ClassLabel"}}
    for split in ("train", "test"):
        mine = [i for i, row in enumerate(ROWS) if row[0] == split]
        columns = {
            "image": [{"bytes": file_of(IMAGES[i]), "path": ROWS[i][2]} for i in mine],
            "label": [ROWS[i][1] for i in mine],
        }
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        written = pa.table(columns).replace_schema_metadata(metadata)
        pq.write_table(written, root / "data" / f"{split}-00000-of-00001.parquet", row_group_size=2)
    return root / "data"


def webdataset(root: Path) -> Path:
    (root / "tars").mkdir(parents=True)
    for split in ("train", "test"):
        with tarfile.open(root / "tars" / f"{split}-000.tar", "w") as tar:
            for (of, label, name), image in zip(ROWS, IMAGES, strict=True):
                for ending, data in (("png", file_of(image)), ("cls", str(label).encode())) if of == split else ():
                    member = tarfile.TarInfo(f"{Path(name).stem}.{ending}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
    return root / "tars"


def arrays() -> dict[str, Any]:
    """As MedMNIST has them."""
    found = {}
    for split in ("train", "test"):
        mine = [i for i, row in enumerate(ROWS) if row[0] == split]
        found |= {f"{split}_images": IMAGES[mine], f"{split}_labels": np.array([[ROWS[i][1]] for i in mine], np.uint8)}
    return found


def npz(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(root / "medmnist.npz", **arrays())
    return root / "medmnist.npz"


def safetensors(root: Path) -> Path:
    from safetensors.numpy import save_file

    root.mkdir(parents=True, exist_ok=True)
    save_file(arrays(), root / "arrays.safetensors")
    return root / "arrays.safetensors"


def dicom(root: Path) -> Path:
    for (split, label, name), image in zip(ROWS, IMAGES, strict=True):
        place = root / "scans" / split / str(label) / name.replace(".png", ".dcm")
        place.parent.mkdir(parents=True, exist_ok=True)
        write_dicom(place, image)
    return root / "scans"


def write_dicom(path: Path, image: Any, **facts: Any) -> None:
    """A DICOM file of (h, w, c) numbers, uint8, uint16 or int16, full of things that nobody should learn."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["made"])
    file = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    file.PatientName, file.PatientID, file.StudyDate = "Doe^Jane", "PATIENT-4711", "20260102"
    file.SOPClassUID, file.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    file.Rows, file.Columns, file.SamplesPerPixel = image.shape
    file.BitsAllocated = file.BitsStored = 8 * image.itemsize
    file.HighBit = file.BitsStored - 1
    file.PixelRepresentation = int(image.dtype.kind == "i")
    file.PhotometricInterpretation = "RGB" if image.shape[2] == 3 else "MONOCHROME2"
    if image.shape[2] == 3:
        file.PlanarConfiguration = 0
    for name, value in facts.items():
        setattr(file, name, value)
    file.PixelData = image.tobytes()
    file.save_as(path)


FORMS: dict[str, Callable[[Path], Path]] = {
    "folder": folder,
    "csv": lambda root: table(root, "csv"),
    "jsonl": lambda root: table(root, "jsonl"),
    "parquet": parquet,
    "webdataset": webdataset,
    "npz": npz,
    "safetensors": safetensors,
    "dicom": dicom,
}

"""A folder of DICOM files as a source: their pixels, and nothing else of what a file says.

Two ways to read. `dicom`: the stored samples, exactly: 8 bits, colour as RGB, or 16 bits, of which signed ones are
shifted by 32,768 to begin at zero. `dicom-window`: 8 bits as a viewer shows them, with the modality's rescale slope and
intercept, then the first window of the file, or the picture's own range where it has none; MONOCHROME1 is inverted.
Folders mean splits and classes as in `folder.py`. Text that is burnt into the pixels stays in them.
"""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage, MissingExtra
from imveil.extras import need
from imveil.owner.picture import MOST_PIXELS, Picture, from16
from imveil.owner.sources._folder import FolderSource
from imveil.store.budget import PICTURE, Budget
from imveil.store.files import read_bytes

SUFFIXES = (".dcm", ".dicom")


class DicomSource(FolderSource):
    """The DICOM files under a folder: all that end with .dcm or .dicom, or have no ending and open as such."""

    hint = "DICOM files end with .dcm or .dicom, or have no ending"
    window = False

    def _takes(self, path: str) -> bool:
        place = Path(path)
        if place.suffix.lower() in SUFFIXES:
            return True
        # Scanners write names like IM000001 and 1.2.840.113619.2.55: the end of such a number is no ending.
        return (not place.suffix or place.suffix[1:].isdigit()) and (_is_dicom(place) or _begins_so(place))

    def _decode(self, path: str) -> Picture:
        return read_dicom(path, window=self.window, most_pixels=self.most_pixels)


class DicomWindowSource(DicomSource):
    """The same files, as a viewer shows them."""

    window = True


def read_dicom(path: Path | str, *, window: bool = False, most_pixels: int = MOST_PIXELS) -> Picture:
    """The picture in a DICOM file. Raises BadImage, with the path, for one of several frames, of more than 16 bits, or
    of a compression that needs another decoder."""
    pydicom = need("pydicom", "dicom", "a DICOM file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata, which are not used
            _inflatable(pydicom, path)
            return _read(_opened(pydicom, path), window, most_pixels)
    except BadImage as error:
        reason, hint = error.message, error.hint
    except MissingExtra:
        raise
    except MemoryError:
        reason, hint = "the picture does not fit into memory", ""
    except Exception as error:  # errors of decoders are of many kinds; to the caller all mean the same
        reason = f"the DICOM file cannot be read: {' '.join(str(error).split())[:200] or type(error).__name__}"
        hint = _hint(path)
    raise BadImage(f"{path}: {reason}", hint=hint)


def _opened(pydicom: Any, path: Path | str) -> Any:
    """A data set; one without the header of the standard is read where it holds a picture all the same."""
    if _is_dicom(Path(path)):
        return pydicom.dcmread(path)
    file = pydicom.dcmread(path, force=True)
    if not {"Rows", "Columns", "PixelData"} <= {element.keyword for element in file}:
        raise BadImage("this is no DICOM file: it has no DICM at byte 128, and no picture without")
    if not hasattr(file, "file_meta") or "TransferSyntaxUID" not in file.file_meta:
        file.file_meta = pydicom.dataset.FileMetaDataset()
        file.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        if not file.is_implicit_VR:
            file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return file


def _inflatable(pydicom: Any, path: Path | str) -> None:
    """Refuse a deflated data set that would become too large, before it is."""
    data = read_bytes(path)
    if b"1.2.840.10008.1.2.1.99" not in data[: 1 << 12]:
        return
    budget, inflater = Budget(len(data), PICTURE, free=1 << 26), zlib.decompressobj(-zlib.MAX_WBITS)
    head = pydicom.filereader.read_file_meta_info(path)
    start = 144 + int(head.FileMetaInformationGroupLength)
    packed = data[start:]
    while packed and not inflater.eof:
        budget.decode(len(inflater.decompress(packed, 1 << 20)))
        packed = inflater.unconsumed_tail


def _hint(path: Path | str) -> str:
    if _is_dicom(Path(path)):
        return "a compressed one may need a decoder of pydicom, such as pylibjpeg"
    return "it has no header of DICOM: write it anew with a tool that adds one"


def _read(file: Any, window: bool, most_pixels: int) -> Picture:
    if "PixelData" not in file:
        raise BadImage("the DICOM file has no picture")
    if int(file.get("NumberOfFrames") or 1) > 1:
        raise BadImage(f"the picture has {file.NumberOfFrames} frames", hint="save them as single pictures")
    if int(file.Rows) * int(file.Columns) > most_pixels:
        raise BadImage(f"the picture has {file.Rows}x{file.Columns} pixels, at most {most_pixels} are read")
    bits, channels = int(file.get("BitsAllocated") or 8), int(file.get("SamplesPerPixel") or 1)
    length = len(file.PixelData)
    Budget(length, PICTURE, free=1 << 26).decode(int(file.Rows) * int(file.Columns) * channels * max(1, bits // 8))
    samples: npt.NDArray[Any] = file.pixel_array
    kind = str(file.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        samples = need("pydicom.pixels", "dicom", "a DICOM file").apply_color_lut(samples, file)
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    if samples.ndim != 3 or samples.dtype.kind not in "iu" or samples.itemsize > 2:
        raise BadImage(f"the picture is {samples.shape} {samples.dtype}; whole numbers of up to 16 bits are read")
    if window and samples.shape[2] == 1:
        return Picture(_windowed(samples, file, kind == "MONOCHROME1"), 8)
    if samples.dtype.kind == "i":
        samples = (samples.astype(np.int32) + (1 << (8 * samples.itemsize - 1))).astype(f"u{samples.itemsize}")
    if samples.dtype == np.uint8:
        return Picture(np.ascontiguousarray(samples), 8)
    return Picture(from16(samples.astype(np.uint16)), 16)


def _windowed(samples: npt.NDArray[Any], file: Any, inverted: bool) -> npt.NDArray[np.uint8]:
    """DICOM PS3.3, C.11.1.1.2 (rescale) and C.11.2.1.2.1 (linear), .2.2 (sigmoid), .2.3 (linear exact)."""
    slope, intercept = float(file.get("RescaleSlope") or 1), float(file.get("RescaleIntercept") or 0)
    values = samples.astype(np.float64) * slope + intercept
    centre, width = _first(file.get("WindowCenter")), _first(file.get("WindowWidth"))
    how = str(file.get("VOILUTFunction") or "LINEAR")
    if centre is None or width is None or width < 1:
        low, high = float(values.min()), float(values.max())
        shown = (values - low) / ((high - low) or 1.0)
    elif how == "SIGMOID":
        shown = 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    elif how == "LINEAR_EXACT":
        shown = (values - centre) / width + 0.5
    else:
        shown = (values - (centre - 0.5)) / max(width - 1, 1e-9) + 0.5
    shown = np.clip(shown, 0.0, 1.0)
    return np.rint(255 * (1 - shown if inverted else shown)).astype(np.uint8)


def _first(value: Any) -> float | None:
    """The first of several windows."""
    if value is None or isinstance(value, str):
        return float(value) if value else None
    if isinstance(value, (list, tuple)) or hasattr(value, "__len__"):
        return float(value[0]) if len(value) else None
    return float(value)


def _begins_so(path: Path) -> bool:
    """Whether a file opens with the first group of a data set, as those do that lost their header."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
            return start[:2] == b"\x08\0" and start[3:4] == b"\0" and len(start) == 8
    except OSError:
        return False


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False

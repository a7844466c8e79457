"""The models that are served: read from their files, read again when a file changes, never replaced by a broken one.

A model's name is its file's name without the ending; its version is the digest of the file's bytes.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imveil.cloud.modelfile import Model, load_model
from imveil.errors import BadInput, ImveilError, shown
from imveil.statuses import scores_of, status_of
from imveil.store.messages.head import Head, is_head

_log = logging.getLogger("imveil.serve")


@dataclass(frozen=True)
class Served:
    """One model as it stands now. head: a head of the private path, which answers encrypted queries; else model."""

    name: str
    version: str
    model: Model | None = None
    head: Head | None = None

    @property
    def datatype(self) -> str:
        """Of the cipher images that it takes, in the words of the protocol."""
        kinds = {"uint8": "UINT8", "uint16": "UINT16", "float32": "FP32"}
        return kinds[str(self.model.info.traits.get("dtype", "uint8"))] if self.model else "UINT8"

    def metadata(self) -> dict[str, Any]:
        """What the protocol says of a model; in `parameters`, what an owner needs to encrypt rightly."""
        about: dict[str, Any] = {"name": self.name, "versions": [self.version], "platform": "imveil"}
        if self.model is None:
            return {**about, "inputs": [], "outputs": [], "parameters": {"kind": "head"}}
        info = self.model.info
        h, w, c = info.shape
        k = len(info.classes)
        return {
            **about,
            "inputs": [{"name": "images", "datatype": self.datatype, "shape": [-1, h, w, c]}],
            "outputs": [
                {"name": "logits", "datatype": "FP32", "shape": [-1, k]},
                {"name": "probabilities", "datatype": "FP32", "shape": [-1, k]},
                {"name": "labels", "datatype": "BYTES", "shape": [-1, 1]},
            ],
            "parameters": {
                "scheme": info.scheme,
                "fields": dict(info.fields),
                "fingerprint": info.fingerprint,
                "shape": [h, w, c],
                "classes": list(info.classes),
                "class_check": info.class_check,
                "preparation": dict(getattr(info, "preparation", None) or {}) or None,
                "status": status_of(info.scheme, info.fields),
                **scores_of(info.scheme, info.fields),
            },
        }


class Repository:
    """The models of some files. Raises BadInput for two of one name, BadModelFile for one that cannot be read."""

    def __init__(self, files: list[Path], device: str | None = None) -> None:
        self._files = {file.name.removesuffix(".safetensors"): file for file in files}
        if len(self._files) < len(files):
            raise BadInput(
                f"{len(files)} model files have {len(self._files)} different names",
                hint="name them differently: a model is called by its file's name",
            )
        self._device = device
        self._seen = {name: _stamp(file) for name, file in self._files.items()}
        self.models = {name: _read(name, file, device) for name, file in self._files.items()}

    def __getitem__(self, name: str) -> Served:
        return self.models[name]

    def refresh(self) -> list[str]:
        """Read again the files that changed, and say which. One that is broken, or gone, leaves what was there."""
        changed = []
        for name, file in self._files.items():
            stamp = _stamp(file)
            if stamp == self._seen[name]:
                continue
            self._seen[name] = stamp
            try:
                new = _read(name, file, self._device)
            except (ImveilError, OSError) as error:
                _log.warning("%s changed and cannot be read, the old one still answers: %s", name, shown(str(error)))
                continue
            if new.version != self.models[name].version:
                self.models[name] = new
                changed.append(name)
        return changed


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _read(name: str, file: Path, device: str | None) -> Served:
    if is_head(file):
        head = Head.read(file)
        return Served(name, head.digest[:16], head=head)
    model = load_model(file, device)
    return Served(name, hashlib.sha256(file.read_bytes()).hexdigest()[:16], model=model)

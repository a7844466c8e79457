"""One file of tensors and facts, written whole or not at all, and believed only when its digest fits. Never pickle.

The container is safetensors (a JSON header, then the numbers), which every framework reads. The facts are one JSON
text in the header's metadata under the name `imveil`, with a SHA-256 over facts and tensors. The same content gives
the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imveil.errors import BadDestination, BadModelFile
from imveil.extras import safetensors, torch

NAME = "imveil"  # one entry only: safetensors writes several in no fixed order


def write(path: Path, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts (JSON-able, with "format" and "version") to a file, aside and then in its place."""
    own = {name: t.detach().cpu().contiguous().clone() for name, t in sorted(tensors.items())}
    text = json.dumps({"facts": facts, "sha256": _digest(own, facts)}, sort_keys=True, allow_nan=False)
    data = safetensors.torch.save(own, {NAME: text})
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise BadDestination(f"{path} cannot be written: {error.strerror or error}") from error


def read(path: Path, kind: str, version: int) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and facts of a file whose format is `kind`. BadModelFile for any other file, or an altered one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadModelFile(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        size = int.from_bytes(data[:8], "little")
        note = json.loads(data[8 : 8 + size])["__metadata__"][NAME] if 2 <= size <= len(data) - 8 else ""
        held = json.loads(note)
        facts, want = held["facts"], held["sha256"]
        found, number = facts["format"], facts["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadModelFile(f"{path} is not a file of imveil, or it is cut off or altered") from error
    if found != kind or number != version:
        raise BadModelFile(f"{path} must be {kind} version {version}, it is {found!r} version {number!r}")
    try:
        tensors = safetensors.torch.load(data)
    except Exception as error:  # the library has several kinds of its own, and passes on those of Rust and torch
        raise BadModelFile(f"{path} is cut off or altered", hint="copy it again from where it was made") from error
    if _digest(tensors, facts) != want:
        raise BadModelFile(f"{path} was altered: its SHA-256 does not fit", hint="copy it again from where it was made")
    return tensors, facts


def _digest(tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> str:
    state = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        state.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        state.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return state.hexdigest()

"""The witnesses of a scheme: a slow reference from the paper, golden bytes of ours and of others. Each asserts."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import imveil
from imveil import registry
from imveil.schemes.base import Cipher, Scheme
from variants import pictures, shape_for

VECTORS = Path(__file__).parents[2] / "vectors"
KEY = imveil.Key(hashlib.sha256(b"imveil test key").digest())
OURS = sorted(VECTORS.glob("*-[0-9]*/*.json"))
PEERS = {
    "ele-32": ("ele/1", {}),
    "etc-32": ("etc/1", {}),
    "etc-32-inplace": ("etc-inplace/1", {}),
    "etc-48x64-b16": ("etc/1", {"block": 16}),
    "ffx-32": ("ffx/1", {}),
    "le-32": ("le/1", {}),
    "le-32-tanaka-code": ("le/1", {}),
    "le-48x64": ("le/1", {}),
    "np-32": ("np-block/1", {}),
    "pe-32": ("negpos/1", {}),
    "pe-32-inplace": ("negpos-inplace/1", {}),
    "shf-32": ("shf/1", {}),
    "vit-32-p4": ("patch/1", {}),
}


def plain_numbers(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def slow_reference_agrees(scheme: Scheme) -> None:
    module = registry.parts(registry.SCHEMES)[scheme.id].module.rpartition(".")[2]
    reference = import_module(f"reference.{module}")
    for channels in (1, 3, 4):
        shape = shape_for(scheme, 3, 2, channels)
        images = pictures(f"reference {shape}", (2, *shape))
        material = scheme.material(KEY, shape)
        ours = scheme.plan_from_material(shape, **material)(images)
        slow = [
            reference.encrypt(image.tolist(), scheme.config(), **{k: plain_numbers(v) for k, v in material.items()})
            for image in images
        ]
        np.testing.assert_array_equal(ours, np.array(slow, ours.dtype))


def our_golden_bytes(file: Path) -> None:
    vector = json.loads(file.read_text())
    scheme = imveil.find(vector["scheme"], **vector["fields"])
    key = imveil.Key(bytes.fromhex(vector["key"]))
    images = pictures(vector["pictures"], tuple(vector["shape"]))
    cipher = scheme.encrypt(images, key, vector["ids"])
    assert [n.hex() for n in cipher.nonces or []] == vector["nonces"]
    little = np.ascontiguousarray(cipher.images).astype(cipher.images.dtype.newbyteorder("<"))
    assert little.reshape(-1)[:32].tobytes().hex() == vector["first"]
    assert hashlib.sha256(little.tobytes()).hexdigest() == vector["sha256"]


def other_peoples_bytes(case: str) -> None:
    id, fields = PEERS[case]
    scheme = imveil.find(id, **fields)
    with np.load(VECTORS / "peers" / f"{case}.npz") as file:
        material = {name.removeprefix("key_"): file[name] for name in file if name.startswith("key_")}
        plain, cipher = file["plain"], file["cipher"]
    plan = scheme.plan_from_material(plain.shape[1:], **material)
    np.testing.assert_array_equal(plan(plain), cipher)
    if scheme.traits.invertible:
        np.testing.assert_array_equal((~plan)(cipher.astype(scheme.traits.dtype)), plain)
    assert isinstance(Cipher(cipher).images, np.ndarray)

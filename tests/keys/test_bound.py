"""What fingerprints and tags alone do not bind, and what a hostile text may not cost."""

from __future__ import annotations

import base64
import hashlib
import io
import sys

import pytest

from imveil import Key
from imveil.errors import BadInput, BadKeyFile, BadShard
from imveil.keys.files import plain
from imveil.keys.reference import KeyRef
from imveil.keys.sharing import PREFIX, Identity, open_shared, share
from imveil.keys.wrap import Kdf
from imveil.owner.shards.sealed_file import SealedReader, SealedWriter

KEY = Key(bytes(range(32)))


def test_a_shared_key_is_bound_by_256_bits() -> None:
    one = Identity.generate()
    text = share(KEY, [one.recipient])
    assert open_shared(text, one) == KEY
    line = next(line for line in text.splitlines() if line.startswith("commitment "))
    body = text.replace(line, "commitment " + "0" * 64).rpartition("check ")[0]
    again = f"{body}check {hashlib.sha256(body.encode()).hexdigest()[:16]}\n"
    with pytest.raises(BadKeyFile, match="was altered"):
        open_shared(again, one)


def test_a_sealed_file_is_bound_to_its_key() -> None:
    out = io.BytesIO()
    with SealedWriter(out, KEY, "a test") as file:
        file.write(b"content")
    data = bytearray(out.getvalue())
    data[100] = ord("0") if data[100] != ord("0") else ord("1")
    with pytest.raises(BadShard, match="not bound to this key"):
        SealedReader(io.BytesIO(data), KEY, "a test", "x")


@pytest.mark.parametrize("point", [0, 1])
def test_a_recipient_of_low_order(point: int) -> None:
    raw = point.to_bytes(32, "little")
    check = hashlib.sha256(b"imveil-to-1" + raw).digest()[:8]
    recipient = PREFIX + base64.b32encode(raw + check).decode().lower()
    with pytest.raises(BadInput, match="no public key"):
        share(KEY, [recipient])


@pytest.mark.parametrize("cost", [(2, 4194304, 1), (2, 1 << 22, 16), (1 << 20, 8, 4)])
def test_all_memory_of_scrypt_is_counted(cost: tuple[int, int, int]) -> None:
    with pytest.raises(BadKeyFile, match="more memory or time"):
        Kdf("scrypt", cost).check()
    Kdf("scrypt", (1 << 17, 8, 1)).check()


def test_a_key_in_the_place_of_its_name_is_in_no_frame() -> None:
    secret = next(line for line in plain(KEY).splitlines() if not line.startswith(("imveil", "#")))
    try:
        KeyRef(secret)
    except BadInput:
        trace = sys.exc_info()[2]
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    assert len(frames) > 1
    assert not [frame for frame in frames[1:] if secret in map(str, frame.f_locals.values())]

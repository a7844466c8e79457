"""A cipher data set read once more, from docs/spec/png.md, manifest.md and names.md alone."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reference.keys import derive, fingerprint, mac

CHANNELS = {0: 1, 4: 2, 2: 3, 6: 4}


def read_png(data: bytes) -> tuple[list[list[list[int]]], dict | None]:
    """Samples [row][column][channel] of a PNG as imveil writes it, and its tag."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        assert kind not in chunks
        chunks[kind] = body
        at += 12 + length
    w, h, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert [rest[0], *rest[2:]] == [8, 0, 0, 0]
    assert list(chunks) == [b"IHDR", *([b"imVl"] if b"imVl" in chunks else []), b"IDAT", b"IEND"]
    c, raw = CHANNELS[rest[1]], zlib.decompress(chunks[b"IDAT"])
    rows = [raw[y * (1 + w * c) : (y + 1) * (1 + w * c)] for y in range(h)]
    assert all(row[0] == 0 for row in rows)
    image = [[list(row[1 + x * c : 1 + (x + 1) * c]) for x in range(w)] for row in rows]
    return image, json.loads(chunks[b"imVl"]) if b"imVl" in chunks else None


def read_manifest(folder: Path) -> dict:
    data = (folder / "imveil.json").read_bytes()
    found = re.search(rb'"sha256": "([0-9a-f]{64})"\n}\n\Z', data)
    assert found
    assert hashlib.sha256(data[: found.start(1)]).hexdigest() == found[1].decode()
    manifest = json.loads(data)
    assert manifest["format"] == "imveil-set"
    assert manifest["version"] in (1, 2)
    since_2 = {"rejects", "class_check", "preparation", "jpeg"}
    assert since_2 & manifest.keys() == (since_2 if manifest["version"] == 2 else set())
    return manifest


def class_check(key: bytes, classes: list[str]) -> str:
    data = json.dumps(classes, separators=(",", ":")).encode()
    return mac(derive(key, "imveil", "classes"), data).hex()


def jpeg_tag(data: bytes) -> dict:
    """The tag of a cipher JPEG, from docs/spec/jpeg.md alone."""
    assert data[:4] == b"\xff\xd8\xff\xef"
    assert data[-2:] == b"\xff\xd9"
    length = int.from_bytes(data[4:6], "big")
    assert data[6:11] == b"imVl\0"
    return json.loads(data[11 : 4 + length])


def read_shards(folder: Path, manifest: dict) -> dict[str, bytes]:
    """Path -> file of every image, in order, all digests checked."""
    files = {}
    for shard in manifest["shards"]:
        text = (folder / shard["file"]).read_bytes()
        assert hashlib.sha256(text).hexdigest() == shard["sha256"]
        for line in text.decode().splitlines():
            digest, path = line.split("  ", 1)
            files[path] = (folder / path).read_bytes()
            assert hashlib.sha256(files[path]).hexdigest() == digest
        assert len(files) == shard["count"]
    return files


def unseal(sealed: bytes, key: bytes, purpose: str) -> bytes:
    head = sealed[:32]
    assert head[:16] == b"imveil-sealed-1\n"
    data = AESGCM(derive(key, "imveil", "seal", purpose, head[16:])).decrypt(bytes(12), sealed[32:], head)
    assert mac(derive(key, "imveil", "salt", purpose), data)[:16] == head[16:]
    return data


def open_stream(data: bytes, key: bytes, purpose: str) -> bytes:
    """A sealed file, from docs/spec/sealed.md alone."""
    version, size = (2, 154) if data.startswith(b"imveil-stream-2") else (1, 78)
    head, chunks = data[:size], data[size:]
    first, second, third, *more, end = head.split(b"\n")
    assert (first, second[:4], third[:5], end) == (b"imveil-stream-%d" % version, b"key ", b"salt ", b"")
    assert second[4:].decode() == fingerprint(key)
    if version == 2:
        bound = derive(key, "imveil", "stream commitment", purpose, bytes.fromhex(third[5:].decode()))
        assert more == [b"commitment " + bound.hex().encode()]
    aead = AESGCM(derive(key, "imveil", "stream", purpose, bytes.fromhex(third[5:].decode())))
    pieces = [chunks[i : i + 65552] for i in range(0, len(chunks), 65552)]
    plain = [
        aead.decrypt(i.to_bytes(11, "big") + (b"\x01" if i == len(pieces) - 1 else b"\x00"), piece, head)
        for i, piece in enumerate(pieces)
    ]
    assert all(len(piece) == 65536 for piece in plain[:-1])
    assert plain[-1] or len(plain) == 1
    return b"".join(plain)


def cipher_name(key: bytes, id: str, ending: str = "png") -> str:
    return f"{mac(derive(key, 'imveil', 'names'), id.encode())[:16].hex()}.{ending}"


def check_2(id: str, samples: bytes, shape: tuple[int, int, int], depth: int) -> str:
    numbers = b"".join(n.to_bytes(8, "little") for n in (len(id.encode()), *shape, depth))
    data = numbers + id.encode() + hashlib.sha256(samples).digest()
    return hashlib.sha256(b"imveil-pixels-2" + data).hexdigest()[:32]


def check(key: bytes, id: str, samples: bytes, shape: tuple[int, int, int], depth: int) -> str:
    numbers = b"".join(n.to_bytes(8, "little") for n in (len(id.encode()), *shape, depth))
    return mac(derive(key, "imveil", "pixels"), numbers + id.encode() + hashlib.sha256(samples).digest())[:16].hex()

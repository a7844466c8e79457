"""Write the vectors of docs/spec that are not there yet, to vectors/spec/.

usage: python -m scripts.vectors.spec_vectors

Keys and streams are computed by tests/reference/keys.py, which shares no line with the package; PNGs and the data set
are the package's own, and the tests read them with code that is not. Tests never write them. A file that is there is
never written again: other bytes need another version.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "helpers")]

import imveil  # noqa: E402
from imveil.keys.key import Key  # noqa: E402
from imveil.keys.sharing import Identity, share  # noqa: E402
from imveil.keys.wrap import Kdf, wrap  # noqa: E402
from imveil.owner.encryption import encrypt_set  # noqa: E402
from imveil.owner.shards.sealed_file import SealedWriter  # noqa: E402
from imveil.store.messages.round import Encoder, Projection, Round  # noqa: E402
from imveil.store.png import encode  # noqa: E402
from imveil.store.tag import Tag  # noqa: E402
from made_source import made, smooth  # noqa: E402
from reference import keys, sums  # noqa: E402

SECRETS = [bytes(32), bytes(range(32)), hashlib.sha256(b"imveil spec vectors").digest()]
PATHS: list[list[str | bytes]] = [
    ["a"],
    ["a", "b"],
    ["ab"],
    ["", ""],
    ["negpos/1", "image", bytes(range(16))],
    ["Grüße", b"\xff" * 300],
]
LIMITS = [1, 2, 6, 128, 255, 256, 257, 1000, 40000, 65536, 65537, 2**31 + 1, 2**32, 2**32 + 1, 2**62 + 1, 2**63]
WRAPS = [("open sesame", Kdf("argon2id", (65536, 3, 4))), ("Grüße", Kdf("scrypt", (16384, 8, 1)))]


def key_vectors() -> dict[str, Any]:
    """Derived keys, fingerprints, MACs, and key files of both kinds."""
    return {
        "keys": [
            {
                "key": key.hex(),
                "fingerprint": keys.fingerprint(key),
                "file": keys.plain_file(key),
                "mac": {"data": b"data".hex(), "mac": keys.mac(key, b"data").hex()},
                "derived": [
                    {"path": [(p.encode() if isinstance(p, str) else p).hex() for p in path],
                     "key": keys.derive(key, *path).hex()}
                    for path in PATHS
                ],
            }
            for key in SECRETS
        ],
        # Their salts come from the system's randomness; that a second implementation opens them is what they show.
        "wrapped": [
            {"key": SECRETS[2].hex(), "passphrase": words, "file": wrap(Key(SECRETS[2]), lambda w=words: w, kdf)}
            for words, kdf in WRAPS
        ],
    }  # fmt: skip


def stream_vectors() -> list[dict[str, Any]]:
    """Bytes, numbers and permutations; long results by the SHA-256 of their 64-bit little-endian numbers."""
    found = []
    for key in SECRETS:
        data = keys.stream(key, 800_000)
        long = b"".join(i.to_bytes(8, "little") for i in keys.permutation(data, 100_000))
        found.append(
            {
                "key": key.hex(),
                "bytes": data[:64].hex(),
                "sha256 of 800000 bytes": hashlib.sha256(data).hexdigest(),
                "below": [{"limit": str(limit), "numbers": keys.below(data, limit, 12)} for limit in LIMITS],
                "permutation": {str(n): keys.permutation(data, n) for n in (0, 1, 2, 3, 16, 48)},
                "sha256 of permutation 100000": hashlib.sha256(long).hexdigest(),
            }
        )
    return found


def png_vectors() -> list[dict[str, Any]]:
    """Small images of every kind with and without tags, and the whole file of each."""
    found = []
    tags = [
        Tag("negpos/1", {"per_image": False, "colors": True}, "k3xd-7q2a-9fz4-mmwp"),
        Tag("etc/1", {"block": 16}, "k3xd-7q2a-9fz4-mmwp", bytes(range(16)), (5, 3), 16),
        Tag("plain/1", {"name": "Grüße", "part": 0.5, "none": None}, ""),
        None,
    ]
    for channels, tag in zip((1, 2, 3, 4), tags, strict=True):
        image = np.frombuffer(hashlib.shake_256(b"png %d" % channels).digest(12 * channels), np.uint8)
        image = image.reshape(4, 3, channels)
        found.append(
            {"image": image.tolist(), "tag": tag and tag.to_bytes().decode(), "file": encode(image, tag).hex()}
        )
    return found


def share_vectors() -> dict[str, Any]:
    """A key for two people. HPKE draws at random; that a second implementation opens it is what it shows."""
    people = [Identity(Key(secret)) for secret in SECRETS[:2]]
    return {
        "key": SECRETS[2].hex(),
        "people": [
            {"identity": secret.hex(), "recipient": one.recipient}
            for secret, one in zip(SECRETS[:2], people, strict=True)
        ],
        "file": share(Key(SECRETS[2]), [one.recipient for one in people]),
    }


def sealed_vectors() -> list[dict[str, Any]]:
    """Sealed files of all kinds of lengths; the contents are SHAKE-256 of their length in digits."""
    found = []
    for size in (0, 1, 65535, 65536, 65537, 131072):
        out, salt = io.BytesIO(), hashlib.sha256(b"salt %d" % size).digest()[:16]
        with SealedWriter(out, Key(SECRETS[2]), f"vector {size}", salt=salt) as file:
            file.write(hashlib.shake_256(b"%d" % size).digest(size))
        data = out.getvalue()
        facts: dict[str, Any] = {"key": SECRETS[2].hex(), "purpose": f"vector {size}", "size": size, "salt": salt.hex()}
        found.append(facts | {"sha256": hashlib.sha256(data).hexdigest()} | ({"file": data.hex()} if size < 2 else {}))
    return found


def data_sets() -> None:
    """Whole cipher data sets with two splits and classes: negpos/1 with a key per image and one picture of 16 bits, and
    cipher JPEGs of etc/1, which are padded."""
    folder, six = ROOT / "vectors" / "spec", made(6, shape=(4, 3, 3), deep=frozenset({1}), broken=frozenset({4}))
    # set and set-2 are of manifests of version 1.
    sets: dict[str, tuple[Any, Any, str]] = {
        "set-3": (
            six,
            imveil.find("negpos/1", per_image=True),
            "folder",
        ),
        "set-jpeg": (smooth(4, (20, 33, 3)), imveil.find("etc/1", block=16), "jpeg:90:420"),
    }
    for name, (source, scheme, container) in sets.items():
        if not (folder / name).exists():
            encrypt_set(source, folder / name, scheme, Key(SECRETS[2]), container=container)
            print(f"added vectors/spec/{name}")


def sum_vectors() -> dict[str, Any]:
    """A blind round of three owners: its file, and each owner's masked table and tag, computed by the reference."""
    group = Key(SECRETS[2])
    people = sorted((Identity(Key(bytes([i]) * 32)).recipient, bytes([i]) * 32) for i in (1, 2, 3))
    owners = [recipient for recipient, _ in people]
    round_ = Round(
        id="00" * 16, classes=["cat", "dog"], encoder=Encoder(name="made", weights="ab" * 32, width=8),
        projection=Projection(kind="orthogonal", digest="cd" * 32), dim=3, owners=owners, told=True, least=1,
        small=True, about=9, group=share(group, owners),
    )  # fmt: skip
    found = []
    for number, (owner, secret) in enumerate(people):
        rows = [[(7 * i * i + 31 * number + 5 * k) % 4001 - 2000 for i in range(3)] + [1228] for k in range(3)]
        labels = [(number + k) % 2 for k in range(3)]
        table = sums.moments(rows, labels, 2, 12)
        words = sums.masked(secret, owners, round_.digest, 0, table, SECRETS[2])
        found.append({"owner": owner, "identity": secret.hex(), "rows": rows, "labels": labels, "table": table,
                      "words": words, "tag": sums.tag(SECRETS[2], owner, round_.digest, 0, table)})  # fmt: skip
    return {"round": round_.to_bytes().hex(), "digest": round_.digest.hex(), "fingerprint": round_.fingerprint,
            "group": SECRETS[2].hex(), "sums": found}  # fmt: skip


def query_vectors() -> list[dict[str, Any]]:
    """Rows in 8 bits and moduli, by whole numbers in Python alone."""
    found = []
    for length in (3, 193, 513, 1280):
        row = [(37 * i * i + 11 * i) % 2001 - 1000 for i in range(length)]
        largest = max(map(abs, row))
        whole = [round(value * (127 / largest)) for value in row]  # half to even, as the package
        found.append({"row": row, "whole": whole, "plain": 1 << (2 * 127 * 127 * length).bit_length(),
                      "together": max(1, 2048 // length)})  # fmt: skip
    return found


def main() -> None:
    """Add what is missing and say what was added."""
    data_sets()
    kinds: dict[str, Any] = {"key": key_vectors, "stream": stream_vectors, "png": png_vectors}
    # share.json and sealed.json are of version 1, which is read and no longer written.
    kinds |= {"share-2": share_vectors, "sealed-2": sealed_vectors, "sum": sum_vectors, "query": query_vectors}
    for name, make in kinds.items():
        file = ROOT / "vectors" / "spec" / f"{name}.json"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"added {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""Keys and key streams: three witnesses (vectors, an independent reference, known answers), laws, and secrecy."""

from __future__ import annotations

import copy
import hashlib
import inspect
import io
import json
import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from imveil.errors import BadInput, ImveilError, SecretLeak
from imveil.keys.files import plain, read_key, unplain, write_key
from imveil.keys.key import Key
from imveil.keys.stream import Keystream
from imveil.keys.wrap import Kdf, unwrap, wrap
from reference import keys as reference

VECTORS = Path(__file__).parents[2] / "vectors" / "spec"
KEYS = json.loads((VECTORS / "key.json").read_text(encoding="utf-8"))
STREAMS = json.loads((VECTORS / "stream.json").read_text(encoding="utf-8"))
SECRETS = st.binary(min_size=32, max_size=32)
PATHS = st.lists(st.text(max_size=20) | st.binary(max_size=20), min_size=1, max_size=4)
LIMITS = st.integers(1, 300) | st.integers(1, 1 << 63)


@pytest.mark.parametrize("vector", KEYS["keys"], ids=lambda v: v["fingerprint"])
def test_key_vectors(vector: dict[str, Any]) -> None:
    key = Key(bytes.fromhex(vector["key"]))
    assert key.fingerprint == vector["fingerprint"]
    assert plain(key).splitlines()[2] == vector["file"]
    assert unplain(f"imveil-key-1\n{vector['file']}") == key
    assert key.mac(bytes.fromhex(vector["mac"]["data"])).hex() == vector["mac"]["mac"]
    for case in vector["derived"]:
        assert key.derive(*map(bytes.fromhex, case["path"])).reveal().hex() == case["key"]


@pytest.mark.parametrize("vector", KEYS["wrapped"], ids=lambda v: v["passphrase"])
def test_wrapped_vectors(vector: dict[str, Any]) -> None:
    assert unwrap(vector["file"], lambda: vector["passphrase"]).reveal().hex() == vector["key"]


@pytest.mark.parametrize("vector", STREAMS, ids=lambda v: v["key"][:8])
def test_stream_vectors(vector: dict[str, Any]) -> None:
    key = Key(bytes.fromhex(vector["key"]))
    assert key.stream().bytes(64).hex() == vector["bytes"]
    assert hashlib.sha256(key.stream().bytes(800_000)).hexdigest() == vector["sha256 of 800000 bytes"]
    for case in vector["below"]:
        assert key.stream().below(int(case["limit"]), 12).tolist() == case["numbers"]
    for n, order in vector["permutation"].items():
        assert key.stream().permutation(int(n)).tolist() == order
    long = key.stream().permutation(100_000).astype("<i8").tobytes()
    assert hashlib.sha256(long).hexdigest() == vector["sha256 of permutation 100000"]


def test_the_reference_is_aes() -> None:
    """FIPS 197, appendix C.3."""
    keys = reference.round_keys(bytes(range(32)))
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert reference.aes(keys, block).hex() == "8ea2b7ca516745bfeafc49904b496089"


@given(SECRETS, PATHS)
def test_derivation_is_hkdf_and_agrees_with_the_reference(secret: bytes, path: list[str | bytes]) -> None:
    derived = Key(secret).derive(*path)
    assert derived.reveal() == reference.derive(secret, *path)
    parts = [p.encode() if isinstance(p, str) else p for p in path]
    info = b"imveil-key-1" + b"".join(len(p).to_bytes(8, "little") + p for p in parts)
    assert derived.reveal() == HKDF(SHA256(), 32, None, info).derive(secret)
    assert Key(secret).fingerprint == reference.fingerprint(secret)


@given(SECRETS, st.integers(0, 300), st.lists(st.integers(0, 60), max_size=5))
def test_bytes_agree_with_the_reference_and_go_on(secret: bytes, n: int, cuts: list[int]) -> None:
    stream = Key(secret).stream()
    data = b"".join(stream.bytes(cut) for cut in cuts) + stream.bytes(n)
    assert data == reference.stream(secret, n + sum(cuts))


@given(SECRETS, LIMITS, st.integers(0, 20), st.integers(0, 9))
def test_numbers_agree_with_the_reference_and_no_byte_is_wasted(secret: bytes, limit: int, n: int, skip: int) -> None:
    stream, same = Key(secret).stream(), Key(secret).stream()
    stream.bytes(skip)
    data = same.bytes(skip + 4000)[skip:]
    numbers = stream.below(limit, n).tolist()
    assert numbers == reference.below(data, limit, n)
    assert all(0 <= number < limit for number in numbers)
    width = next(w for w in (1, 2, 4, 8) if 256**w >= limit)
    top = 256**width - 256**width % limit
    good = [at for at in range(0, 4000, width) if int.from_bytes(data[at : at + width], "little") < top]
    end = good[n - 1] + width if n else 0
    assert stream.bytes(8) == data[end : end + 8]


@given(SECRETS, st.integers(0, 300))
def test_permutations_agree_with_the_reference(secret: bytes, n: int) -> None:
    stream = Key(secret).stream()
    order = stream.permutation(n).tolist()
    data = reference.stream(secret, 8 * n)
    assert order == reference.permutation(data, n)
    assert sorted(order) == list(range(n))
    assert stream.bytes(4) == Key(secret).stream().bytes(8 * n + 4)[8 * n :]


@given(st.lists(st.sampled_from([0, 1, 255, 256, 1 << 32, 1 << 63, (1 << 64) - 1]), max_size=300))
def test_equal_words_keep_their_order(words: list[int]) -> None:
    """A real stream has no equal words in a lifetime: this one is made of them."""
    data = b"".join(word.to_bytes(8, "little") for word in words)

    class Made(Keystream):
        def bytes(self, n: int) -> bytes:
            return data[:n]

    assert Made(bytes(32)).permutation(len(words)).tolist() == reference.permutation(data, len(words))


def test_results_are_int64_of_any_kind_of_number() -> None:
    stream = Key(bytes(32)).stream()
    assert stream.below(np.int64(6), np.int32(5)).dtype == stream.permutation(np.int64(5)).dtype == np.int64
    assert stream.below(6, 0).shape == stream.permutation(0).shape == (0,)


@pytest.mark.parametrize(("limit", "n"), [(0, 1), (-1, 1), ((1 << 63) + 1, 1), (5, -1)])
def test_other_numbers_are_refused(limit: int, n: int) -> None:
    with pytest.raises(BadInput, match="are drawn"):
        Key(bytes(32)).stream().below(limit, n)


def test_other_lengths_are_refused() -> None:
    stream = Key(bytes(32)).stream()
    for call in (stream.bytes, stream.permutation):
        with pytest.raises(BadInput, match="0 bytes or more"):
            call(-1)


@given(SECRETS, PATHS, PATHS)
def test_one_purpose_one_key(secret: bytes, path: list[str | bytes], other: list[str | bytes]) -> None:
    def parts(found: list[str | bytes]) -> list[bytes]:
        return [p.encode() if isinstance(p, str) else p for p in found]

    key = Key(secret)
    assert (key.derive(*path) == key.derive(*other)) == (parts(path) == parts(other))
    assert key.derive(*path) != key


def test_names_that_are_no_utf_8_have_keys_too() -> None:
    assert Key(bytes(32)).derive("\udcff") == Key(bytes(32)).derive(b"\xff")


@pytest.mark.parametrize("path", [(), (7,), ("a", 7), ("a", None), ("a", ["b"]), (True,)])
def test_a_path_is_texts_and_bytes(path: Any) -> None:
    with pytest.raises(BadInput):
        Key(bytes(32)).derive(*path)


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33), "a" * 32, 32, None, [0] * 32])
def test_a_key_is_32_bytes(secret: Any) -> None:
    with pytest.raises(BadInput, match="a key is 32 bytes"):
        Key(secret)


def test_keys_are_equal_where_their_bytes_are() -> None:
    assert Key(bytes(32)) == Key(bytearray(32))
    assert len({Key(bytes(32)), Key(bytes(32)), Key.generate(), Key.generate()}) == 3
    assert Key(bytes(32)) != bytes(32)


# Secrecy. SECRET stands in no output whatever happens, in no form in which it is likely to be printed.

SECRET = hashlib.sha256(b"a secret to look for").digest()
WORDS = "correct horse battery"


def shows(text: str) -> bool:
    line = plain(Key(SECRET)).splitlines()[2]
    forms = (repr(SECRET)[2:-1], SECRET.hex(), SECRET[:8].hex(), line[:12], str(list(SECRET))[1:-1], WORDS)
    return any(form.lower() in text.lower() for form in forms)


def test_what_shows_a_secret_is_seen() -> None:
    for text in (f"{SECRET!r}", SECRET.hex(), plain(Key(SECRET)), f"{list(SECRET)}", f"x{WORDS}x"):
        assert shows(text)


@pytest.mark.parametrize("make", [lambda: Key(SECRET), lambda: Key(SECRET).stream()], ids=["key", "stream"])
def test_nothing_shows_the_secret(make: Any, caplog: pytest.LogCaptureFixture) -> None:
    thing = make()
    logging.getLogger("x").error("%s %r", thing, thing)
    shown = [repr(thing), str(thing), f"{thing}", f"{[thing]}", f"{(thing,)!r}", caplog.text, repr(type(thing))]
    assert caplog.text
    assert not shows(" ".join(shown))
    with pytest.raises(TypeError):
        vars(thing)
    with pytest.raises(TypeError):
        json.dumps({"key": thing})
    for dump in (
        lambda: pickle.dumps(thing),
        lambda: pickle.dumps({"a": [thing]}, protocol=0),
        lambda: thing.__getstate__(),
        lambda: thing.__reduce__(),
    ):
        with pytest.raises(SecretLeak) as problem:
            dump()
        assert not shows(str(problem.value))


def test_a_copy_is_the_key_itself_and_a_stream_has_none() -> None:
    key = Key(SECRET)
    assert copy.copy(key) is copy.deepcopy({"k": key})["k"] is key
    for clone in (copy.copy, copy.deepcopy):
        with pytest.raises(SecretLeak):
            clone(key.stream())


def test_a_key_cannot_be_altered() -> None:
    with pytest.raises(AttributeError):
        Key(SECRET).other = 1  # type: ignore[attr-defined]


def ask() -> str:
    return WORDS


def failures(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Calls that fail while they hold a secret."""
    wrapped, line = wrap(Key(SECRET), ask, Kdf("argon2id", (32, 1, 1))), plain(Key(SECRET))
    short, mistyped, altered, loose = (folder / name for name in ("short", "mistyped", "altered", "loose"))
    other = wrap(Key(bytes(32)), lambda: "other", Kdf("argon2id", (32, 1, 1)))
    for path, text in ((short, line[:-9]), (mistyped, line[:-2] + "9\n"), (altered, other), (loose, line)):
        path.write_text(text)
        path.chmod(0o600)
    loose.chmod(0o644)
    (folder / "there").write_text("")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def write_to_a_full_disk() -> None:
        with monkeypatch.context() as patch:
            patch.setattr("imveil.keys.files.os.fsync", full)
            write_key(folder / "new", Key(SECRET))

    def no_memory() -> None:
        with monkeypatch.context() as patch:
            patch.setattr("imveil.keys.wrap.AESGCM", full)
            read_key(altered, ask)

    del line, wrapped
    return [
        ("short", lambda: read_key(short)),
        ("mistyped", lambda: read_key(mistyped)),
        ("wrong passphrase", lambda: read_key(altered, ask)),
        ("readable", lambda: read_key(loose)),
        ("there", lambda: write_key(folder / "there", Key(SECRET), ask)),
        ("full", write_to_a_full_disk),
        ("no memory", no_memory),
        ("too long", lambda: Key(SECRET + b"\n")),
        ("stream", lambda: Keystream(SECRET + b"\n")),
        ("path", lambda: Key(SECRET).derive(7)),  # type: ignore[arg-type]
        ("numbers", lambda: Key(SECRET).stream().below(0, 1)),
    ]


def safe(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # a key that failed to be made has no repr
        return object.__repr__(value)


def test_no_failure_shows_a_secret_not_even_with_the_variables_of_every_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, call in failures(tmp_path, monkeypatch):
        try:
            call()
        except (ImveilError, OSError) as problem:
            error = problem
        else:
            pytest.fail(name)
        out = io.StringIO()
        traceback.TracebackException.from_exception(error, capture_locals=True).print(file=out)
        seen: BaseException | None = error
        while seen is not None:  # what a tool that walks causes and contexts itself would see
            for frame in inspect.getinnerframes(seen.__traceback__) if seen.__traceback__ else []:
                out.write("".join(f"{k}={safe(v)}\n" for k, v in frame.frame.f_locals.items()))
            out.write(repr(seen) + repr(vars(seen)))
            seen = seen.__context__ or seen.__cause__
        assert "imveil" in out.getvalue()
        assert not shows(out.getvalue()), f"{name}\n{out.getvalue()}"


@given(limit=st.integers(1, 256), n=st.integers(0, 300))
def test_small_numbers_are_those_of_below(limit: int, n: int) -> None:
    small, whole = Keystream(bytes(32)).small(limit, n), Keystream(bytes(32)).below(limit, n)
    assert small.dtype == np.uint8
    assert small.tolist() == whole.tolist()


@pytest.mark.parametrize(("limit", "n"), [(0, 1), (257, 1), (2, -1)])
def test_numbers_that_are_not_small(limit: int, n: int) -> None:
    with pytest.raises(BadInput, match=r"small numbers are below 1\.\.256"):
        Keystream(bytes(32)).small(limit, n)

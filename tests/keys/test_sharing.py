"""Keys among people: shared keys open for whom they were shared with, and for nobody else; references never tell."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imveil.errors import BadInput, BadKeyFile, KeyProblem, SecretLeak, WrongKey
from imveil.keys import reference
from imveil.keys.files import plain, read_key, unplain, write_key
from imveil.keys.key import Key
from imveil.keys.reference import KeyRef
from imveil.keys.sharing import Identity, open_shared, recipients_of, share
from reference import hpke
from reference.keys import derive, fingerprint
from terminal import IMVEIL

KEY = Key(bytes(range(32)))
ALICE, BOB, EVE = (Identity(Key(bytes([i]) * 32)) for i in (1, 2, 3))
SPEC = Path(__file__).parents[2] / "vectors" / "spec"
VECTORS = {version: json.loads((SPEC / f"{name}.json").read_text()) for version, name in ((1, "share"), (2, "share-2"))}


def again(text: str) -> str:
    """With a check that fits: what someone who alters it on purpose would do."""
    body = text.rpartition("check ")[0]
    return f"{body}check {hashlib.sha256(body.encode('latin-1')).hexdigest()[:16]}\n"


def flips(data: bytes, step: int = 1) -> list[bytes]:
    bits = range(0, 8 * len(data), step)
    return [data[: b // 8] + bytes([data[b // 8] ^ 1 << b % 8]) + data[b // 8 + 1 :] for b in bits]


@settings(max_examples=10)
@given(st.binary(min_size=32, max_size=32), st.integers(1, 4))
def test_each_recipient_opens_it_and_nobody_else(secret: bytes, count: int) -> None:
    people = [Identity.generate() for _ in range(count)]
    text = share(Key(secret), [one.recipient for one in people])
    assert recipients_of(text) == (Key(secret).fingerprint, [one.recipient for one in people])
    for one in people:
        assert open_shared(text, one) == Key(secret)
    with pytest.raises(WrongKey, match=f"shared with {count} others"):
        open_shared(text, EVE)


@pytest.mark.parametrize("version", VECTORS)
def test_the_stored_file_opens_for_ever_and_by_the_specification_alone(version: int) -> None:
    vector = VECTORS[version]
    text, key = vector["file"], bytes.fromhex(vector["key"])
    lines = text.splitlines()
    assert lines[0] == f"imveil-share-{version}"
    assert lines[1] == f"fingerprint {fingerprint(key)}"
    if version == 2:
        assert lines[2] == f"commitment {derive(key, 'imveil', 'commitment').hex()}"
    body = text[: text.rindex("check ")]
    assert lines[-1] == f"check {hashlib.sha256(body.encode()).hexdigest()[:16]}"
    info = "".join(f"{line}\n" for line in lines if line.split()[0] not in ("sealed", "check")).encode()
    for i, person in enumerate(vector["people"]):
        secret = derive(bytes.fromhex(person["identity"]), "imveil", "identity")
        public = hpke.X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
        check = hashlib.sha256(b"imveil-to-1" + public).digest()[:8]
        assert lines[version + 1 + 2 * i] == f"to imveil-to-{base64.b32encode(public + check).decode().lower()}"
        sealed = bytes.fromhex(lines[version + 2 + 2 * i].removeprefix("sealed "))
        assert hpke.open_message(sealed, secret, info) == key
        assert open_shared(text, Identity(Key(bytes.fromhex(person["identity"])))) == Key(key)
        assert Identity(Key(bytes.fromhex(person["identity"]))).recipient == person["recipient"]


def test_every_changed_bit_of_a_shared_key_is_refused() -> None:
    text = share(KEY, [ALICE.recipient, BOB.recipient])
    for data in flips(text.encode()):
        with pytest.raises(KeyProblem):
            open_shared(data.decode("latin-1"), ALICE)


def test_every_byte_of_it_altered_on_purpose_is_refused() -> None:
    """With a check that fits. Only what is sealed for Bob alone does not concern Alice."""
    text = share(KEY, [ALICE.recipient, BOB.recipient])
    mine = text.index("sealed", text.index(BOB.recipient))
    for at in range(mine):
        for new in {chr(ord(text[at]) ^ 1), "a", "3"} - {text[at]}:
            with pytest.raises(KeyProblem):
                open_shared(again(text[:at] + new + text[at + 1 :]), ALICE)
    swapped = text.replace(ALICE.recipient, "x").replace(BOB.recipient, ALICE.recipient).replace("x", BOB.recipient)
    for other in (swapped, "\n".join([*text.split("\n")[:4], *text.split("\n")[6:]])):
        with pytest.raises(BadKeyFile):
            open_shared(again(other), ALICE)


def test_recipients_that_are_none() -> None:
    good = ALICE.recipient
    for wrong in ("", "alice", good[:-1], good.upper(), good[:20] + "a" + good[21:], good.replace("to-", "to-a")):
        if wrong != good:
            with pytest.raises(BadInput, match="a recipient is imveil-to-"):
                share(KEY, [wrong])
    with pytest.raises(BadInput, match="1 to 1000"):
        share(KEY, [])
    assert len(recipients_of(share(KEY, [good, good]))[1]) == 1


def test_an_identity_is_no_key_and_shows_nothing(tmp_path: Path) -> None:
    ALICE.write(str(tmp_path / "a.id"))
    write_key(tmp_path / "k", KEY)
    assert Identity.read(str(tmp_path / "a.id")) == ALICE
    with pytest.raises(BadKeyFile, match=r"a\.id is an identity, a file of imveil-key-1 was needed"):
        read_key(tmp_path / "a.id")
    with pytest.raises(BadKeyFile, match="is a key, a file of imveil-identity-1"):
        Identity.read(str(tmp_path / "k"))
    text = (tmp_path / "a.id").read_text()
    with pytest.raises(BadKeyFile, match="check does not fit"):
        unplain(text.replace("identity", "key"))
    with pytest.raises(BadKeyFile, match="imveil key open makes a key file of it"):
        unplain(share(KEY, [ALICE.recipient]))
    ALICE.write(str(tmp_path / "w.id"), lambda: "words")
    assert Identity.read(str(tmp_path / "w.id"), lambda: "words") == ALICE
    with pytest.raises(BadKeyFile, match="is an identity"):
        read_key(tmp_path / "w.id", lambda: "words")
    assert repr(ALICE) == f"Identity(recipient={ALICE.recipient!r})"
    with pytest.raises(SecretLeak):
        pickle.dumps(ALICE)


def test_every_changed_bit_of_a_plain_key_file_is_refused() -> None:
    for data in flips(plain(KEY).encode()):
        with pytest.raises(BadKeyFile):
            unplain(data.decode("latin-1"))
    assert unplain(plain(KEY).replace("# A", "## mine\n# A")) == KEY


def program(code: str) -> str:
    return f"cmd:{sys.executable} -c '{code}'"


def test_a_key_from_a_program(tmp_path: Path) -> None:
    write_key(tmp_path / "my.key", KEY)
    (tmp_path / "line").write_text(plain(KEY).splitlines()[2] + "\n")
    for file in ("my.key", "line"):
        assert KeyRef(f"cmd:cat {tmp_path / file}").open() == KEY
    assert KeyRef(f"file:{tmp_path / 'my.key'}").open() == KEY


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; print(`hunter2`); print(`hunter2`, file=sys.stderr); sys.exit(3)", "ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("print(`hunter2`)", "is no key file of imveil"),
        ("print(`hunter2 ` * 20000)", "printed more than 65536 bytes"),
        ("pass", "is empty"),
    ],
)
def test_a_program_that_gives_no_key_tells_no_secret(code: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadKeyFile, match=said) as problem:
        KeyRef(program(code.replace("`", '"'))).open()
    seen = str(problem.value) + "".join(capfd.readouterr())
    assert "hunter2" not in seen
    assert str(problem.value).startswith(f"cmd:{sys.executable} ...")


def test_a_program_is_run_without_a_shell_without_input_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadKeyFile):
        KeyRef(f"cmd:echo x; touch {tmp_path / 'made'}").open()
    assert not (tmp_path / "made").exists()
    with pytest.raises(BadKeyFile, match="is empty"):
        KeyRef("cmd:cat").open()
    with pytest.raises(BadKeyFile, match="cannot be run: No such file"):
        KeyRef("cmd:/no/such/program --token hunter2").open()
    monkeypatch.setattr(reference, "SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(BadKeyFile, match="gave no key within"):
        KeyRef("cmd:sleep 60").open()
    assert time.monotonic() - began < 30
    for none in ("cmd:", "cmd:  ", 'cmd:"', "fd:x", program("x")[:5] + "'"):
        with pytest.raises(BadInput):
            KeyRef(none)


def test_only_the_text_of_a_reference_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_key(tmp_path / "my.key", KEY)
    monkeypatch.setenv("OWNER_KEY", str(tmp_path / "my.key"))
    for ref in (KeyRef(str(tmp_path / "my.key")), KeyRef("env:OWNER_KEY")):
        assert pickle.loads(pickle.dumps(ref)) == ref
        assert KEY.reveal() not in pickle.dumps(ref)
    assert repr(KeyRef("cmd:kms --token hunter2")) == "KeyRef('cmd:kms ...')"
    with pytest.raises(SecretLeak, match="fd:3 is of this process alone"):
        pickle.dumps(KeyRef("fd:3"))
    with pytest.raises(BadInput, match="a key itself came"):
        KeyRef(plain(KEY).splitlines()[2])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(opened, [KeyRef("env:OWNER_KEY")]) == [KEY.fingerprint]


def opened(ref: KeyRef) -> str:
    return ref.open().fingerprint


def imveil(here: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*IMVEIL, *words], cwd=here, env={**os.environ, **more}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, start_new_session=True, timeout=60,
    )  # fmt: skip


def test_a_key_from_one_person_to_another(tmp_path: Path) -> None:
    made = imveil(tmp_path, "key", "identity", "alice.id")
    assert made.returncode == 0, made.stderr
    recipient = made.stdout.strip()
    assert (tmp_path / "alice.id.pub").read_text().strip() == recipient
    assert (tmp_path / "alice.id").stat().st_mode & 0o777 == 0o600
    assert imveil(tmp_path, "key", "identity", "alice.id").stdout.strip() == recipient
    write_key(tmp_path / "my.key", KEY)
    words = ["key", "share", "cmd:cat my.key", "--to", "alice.id.pub", "--to", BOB.recipient, "--out", "my.shared"]
    done = imveil(tmp_path, *words)
    assert done.stdout == f"my.shared: key {KEY.fingerprint} for 2 recipients\n", done.stderr
    assert plain(KEY).splitlines()[2] not in (tmp_path / "my.shared").read_text()
    again = imveil(tmp_path, *words)
    assert (again.returncode, "my.shared exists already" in again.stderr) == (2, True)
    opened = imveil(tmp_path, "key", "open", "my.shared", "hers.key", "--identity", "alice.id")
    assert (opened.returncode, opened.stderr) == (0, "")
    assert read_key(tmp_path / "hers.key") == KEY
    EVE.write(str(tmp_path / "eve.id"))
    refused = imveil(tmp_path, "key", "open", "my.shared", "eves.key", "--identity", "eve.id")
    assert (refused.returncode, "was shared with 2 others" in refused.stderr) == (2, True)
    assert not (tmp_path / "eves.key").exists()
    assert "key k" not in refused.stderr
    mistyped = imveil(tmp_path, "key", "share", "my.key", "--to", "imveil-to-x", "--out", "other")
    assert (mistyped.returncode, (tmp_path / "other").exists()) == (2, False)

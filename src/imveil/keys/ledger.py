"""The ledger: what an owner gave away with which pictures, so that nothing is told twice and no budget is overspent.

A folder beside the identity, for its owner alone: `entries`, a JSON object a line, each with a MAC over itself and the
one before; and a file for each set of pictures, their keyed digests. A mark with the number of entries lies elsewhere
(`imveil.system.state_folder`): a ledger that was lost or copied back is found, where that other place was not lost too.
An entry is on the disk before a message is written: a run that is killed can only have told less than the ledger says.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDestination, BadKeyFile, Refused
from imveil.keys.sharing import Identity

Digests = npt.NDArray[np.uint64]
_AGAIN = "a new round needs --epsilon for them, or other pictures"


class Release(NamedTuple):
    """What is to be told. study: digest of step 0.   round: digest of this step's round.   table: digest of the numbers
    before masks and noise.   mu: what it gives away of a picture, infinite without privacy.   least: the fewest
    pictures by which two sets may differ where one of them is told without privacy."""

    study: str
    round: str
    step: int
    table: str
    mu: float
    least: int


class Ledger:
    """The ledger of an identity. new: begin one although an earlier one was lost.

    place: its folder.   mark: the file elsewhere. Raises Refused where it was lost or copied back, BadKeyFile where it
    was altered, BadDestination where it cannot be written.
    """

    def __init__(self, identity: Identity, place: Path, mark: Path, *, new: bool = False) -> None:
        self._identity, self.place, self._mark = identity, place, mark
        self._key = identity.derive("ledger")
        self._file = place / "entries"
        self.entries: list[dict[str, Any]] = []
        self._sets: dict[str, Digests] = {}
        self._last = ""
        self._read()
        self._compare(new)

    def digest(self, picture: bytes) -> int:
        """A keyed digest of a picture (of its pixels and class), 64 bits: tells nothing without the identity."""
        return int.from_bytes(self._identity.derive("picture").mac(picture)[:8], "little")

    def admit(self, release: Release, pictures: Digests, spent: Callable[[Sequence[float]], str]) -> bool:
        """Enter a release of a set of pictures, or raise Refused; True where the very same was entered before.

        Parameters
        ----------
        spent
            Given the mu of all releases with any of these pictures, this one too, says why that is too much, or "".
        """
        pictures = np.unique(pictures)
        name = hashlib.sha256(pictures.astype("<u8").tobytes()).hexdigest()
        facts = {**release._asdict(), "mu": _text(release.mu), "set": name}
        for entry in self.entries:
            if entry["study"] == release.study and entry["step"] == release.step:
                if all(entry[key] == value for key, value in facts.items()):
                    return True
                raise Refused(
                    f"step {release.step + 1} of this round was told already, with other pictures or numbers: two such "
                    "messages give away their difference",
                    hint="make a new round",
                )
            if entry["study"] == release.study and entry["set"] != name:
                raise Refused("the steps of a round sum the same pictures, these are others", hint="make a new round")
        self._compare_sets(release, pictures, name)
        met = {name: self._overlap(entry, pictures) for name, entry in {e["set"]: e for e in self.entries}.items()}
        shared = [entry for entry in self.entries if met[entry["set"]]]
        if reason := spent([*(float(entry["mu"]) for entry in shared), release.mu]):
            raise Refused(reason, hint="use other pictures, or raise the limit of what these may give away")
        self._keep(name, pictures)
        self._append(facts)
        return False

    def noise(self, release: Release) -> Any:
        """The stream of noise for a release that was admitted: the same for the same release, and for no other."""
        return self._identity.derive("noise", release.round, str(release.step), release.table).stream()

    def _compare_sets(self, release: Release, pictures: Digests, name: str) -> None:
        for entry in self.entries:
            if entry["study"] == release.study or (float(entry["mu"]) < np.inf and release.mu < np.inf):
                continue
            if entry["set"] == name:
                raise Refused("these very pictures were told in an earlier round", hint=_AGAIN)
            few = len(np.setxor1d(self._set(entry), pictures, assume_unique=True))
            if few < max(release.least, int(entry["least"])):
                raise Refused(
                    f"these pictures differ from an earlier round's by {few} only: the two totals would name them",
                    hint=_AGAIN,
                )

    def _overlap(self, entry: dict[str, Any], pictures: Digests) -> bool:
        return len(np.intersect1d(self._set(entry), pictures, assume_unique=True)) > 0

    def _set(self, entry: dict[str, Any]) -> Digests:
        if entry["set"] not in self._sets:
            self._sets[entry["set"]] = self._read_set(entry)
        return self._sets[entry["set"]]

    def _read_set(self, entry: dict[str, Any]) -> Digests:
        path = self.place / f"{entry['set']}.set"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadKeyFile(f"{path} cannot be read: {error.strerror or error}", hint="put the ledger back") from error
        if hashlib.sha256(data).hexdigest() != entry["set"]:
            raise BadKeyFile(f"{path} was altered", hint="put the ledger back")
        return np.frombuffer(data, "<u8").astype(np.uint64)

    def _keep(self, name: str, pictures: Digests) -> None:
        path = self.place / f"{name}.set"
        if not path.exists():
            _put(path, pictures.astype("<u8").tobytes())

    def _append(self, facts: dict[str, Any]) -> None:
        text = json.dumps(facts, sort_keys=True)
        self._last = self._chained(self._last, text)
        line = json.dumps({"entry": facts, "mac": self._last}, sort_keys=True)
        with _writable(self.place):
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, f"{line}\n".encode())
                os.fsync(handle)
            finally:
                os.close(handle)
        self.entries.append(facts)
        self._write_mark()

    def _write_mark(self) -> None:
        _put(self._mark, f"{len(self.entries)} {self._last}\n".encode())

    def _read(self) -> None:
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise BadKeyFile(f"{self._file} cannot be read: {error.strerror or error}") from error
        whole, _, rest = data.rpartition(b"\n")
        if rest:  # a run was killed while it wrote this line: its message was never made
            with _writable(self.place):
                os.truncate(self._file, len(data) - len(rest))
        for line in whole.splitlines():
            try:
                found = json.loads(line)
                facts, mac = found["entry"], found["mac"]
                good = self._chained(self._last, json.dumps(facts, sort_keys=True)) == mac
            except (ValueError, KeyError, TypeError):
                good = False
            if not good:
                raise BadKeyFile(
                    f"{self._file} was altered, or is another identity's", hint="put the ledger back, or --new-ledger"
                )
            self.entries.append(facts)
            self._last = mac

    def _compare(self, new: bool) -> None:
        try:
            count, _, mac = self._mark.read_text(encoding="ascii").strip().partition(" ")
            known = int(count)
        except FileNotFoundError:
            known, mac = 0, ""
        except (OSError, ValueError) as error:
            raise BadKeyFile(f"{self._mark} cannot be read", hint="remove it, and give --new-ledger") from error
        here = len(self.entries)
        behind = here < known or (known and self._mac(known - 1) != mac)
        if behind and not new:
            lost = "the ledger of this identity was lost" if not here else "this ledger is an old copy"
            raise Refused(
                f"{lost}: it has {here} entries, {known} were made, so nobody knows what was told before",
                hint="put it back; or give --new-ledger, and take pictures that were in no earlier round",
            )
        if behind or here != known:
            self._write_mark()

    def _mac(self, i: int) -> str:
        before = ""
        for entry in self.entries[: i + 1]:
            before = self._chained(before, json.dumps(entry, sort_keys=True))
        return before

    def _chained(self, before: str, text: str) -> str:
        return self._key.mac(f"{before}\n{text}".encode()).hex()


def _text(mu: float) -> str:
    return repr(float(mu))


def _put(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.part")
    with _writable(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb", buffering=0) as out:
            out.write(data)
            os.fsync(handle)
        aside.replace(path)


@contextlib.contextmanager
def _writable(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadDestination(f"the ledger {place} cannot be written: {error.strerror or error}") from error

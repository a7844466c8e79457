"""Asks a served model: reads what it wants, prepares and encrypts pictures that way, sends them, opens the answers.

    with Inquiry("http://127.0.0.1:8700", key) as cloud:
        answers = cloud.ask(images)

The owner never has to remember scheme, fields or size; and a cloud cannot talk him out of encryption: what a server
wants is kept at the first use and held it to, and `plain/1` is never sent.
"""

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from imveil import schemes
from imveil.errors import BadField, BadInput, BadMessage, BadShape, Refused, Unavailable, WrongKey, shown
from imveil.extras import need
from imveil.keys.key import Key
from imveil.owner.picture import Picture
from imveil.owner.shards import labels
from imveil.owner.sources.prepared import Preparation
from imveil.schemes.base import Scheme
from imveil.store.files import write_file
from imveil.store.messages import inference
from imveil.store.messages.inference import HEADER
from imveil.system import state_folder

AT_ONCE, SIDE_BY_SIDE = 64, 4  # pictures in a request, requests under way
TRIES, PAUSE = 6, 0.25  # of a request that a busy server sent away; seconds, doubled each time, with jitter
PLAIN = "plain/1"
_MISSING = (404, 405, 501)  # of a server that has not what only some have


@dataclass(frozen=True)
class Wanted:
    """How a model wants its queries, as its metadata says.

    Attributes
    ----------
    scheme, fields, fingerprint
        Of the training pictures: queries are encrypted the same way, under the same key.
    shape
        (h, w, c) of a picture.
    classes
        As the cloud calls them, perhaps class-0, class-1, ...
    preparation
        --resize, --pad and --crop of the training pictures.
    status
        What is known of the scheme, in a few words.
    class_check
        The keyed digest of hidden classes, "" where it is not known.
    """

    scheme: str
    fields: Mapping[str, Any]
    fingerprint: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    preparation: Mapping[str, str]
    status: str
    class_check: str = ""

    @classmethod
    def of(cls, metadata: Any, model: str) -> Wanted:
        """From a server's words. Raises BadMessage for a server that does not say how to encrypt."""
        says: Any = metadata.get("parameters") if isinstance(metadata, dict) else None
        try:
            h, w, c = (int(side) for side in says["shape"])
            if not all(0 < side <= 65536 for side in (h, w, c)):
                raise ValueError
            return cls(
                str(says["scheme"]), dict(says["fields"]), str(says["fingerprint"]), (h, w, c),
                tuple(map(str, says["classes"])), dict(says.get("preparation") or {}), str(says.get("status") or ""),
                str(says.get("class_check") or ""),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise BadMessage(f"the model {shown(model)} does not say how its pictures are encrypted") from error


@dataclass(frozen=True)
class Reply:
    """The classes of one picture, the likeliest first, each with the model's own certainty."""

    name: str
    top: tuple[tuple[str, float], ...]

    def as_json(self) -> dict[str, Any]:
        """{"file", "class", "probability", "top"}."""
        top = [{"class": name, "probability": round(p, 6)} for name, p in self.top]
        return {"file": self.name, **top[0], "top": top}


class Inquiry:
    """A server, a model of it, and the owner's key. Close it, or use it in a `with`.

    Parameters
    ----------
    url
        Of the server, with http:// or https://.
    key
        The owner's; it stays here.
    model
        Its name; may be left out where the server has one.
    token
        That the server asks for.
    expect
        What the model may want: {"scheme": ..., "fingerprint": ...}; None holds it to what it wanted at first.
    classes
        The real class names in the order of the data set, to open hidden labels.

    Raises
    ------
    Unavailable
        Where nobody answers.
    Refused
        Where it wants plain pictures, or something else than at first.
    WrongKey
        Where its pictures are under another key and each image has not a key of its own, or its hidden labels are.
    BadInput
        Where `classes` are not those that are hidden.
    """

    def __init__(
        self, url: str, key: Key, *, model: str = "", token: str = "", expect: Mapping[str, str] | None = None,
        classes: Sequence[str] = (),
    ) -> None:  # fmt: skip
        httpx = need("httpx2", "ask", "asking a server")
        if not url.startswith(("http://", "https://")):
            raise BadInput(f"an address begins with http:// or https://, got {shown(url)}")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._errors = httpx.TransportError
        self._client = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=60, follow_redirects=False)
        self.url, self._key, self._number = url.rstrip("/"), key, 0
        try:
            self.model = model or self._only_model()
            self.wanted = Wanted.of(self._json(f"/v2/models/{self.model}"), self.model)
            self.scheme = _agreed(self.wanted, key)
            self._pin(expect)
            self._names = self._opened(classes)
        except BaseException:
            self.close()
            raise
        self._session = secrets.token_hex(8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def ask(self, images: Any, names: Sequence[str] = (), top: int = 5) -> list[Reply]:
        """The answers to pictures, in their order.

        Parameters
        ----------
        images
            An array (n, h, w, c) uint8, or a list of pictures (h, w, c) of any size.
        names
            Of the pictures; numbers unless given.
        top
            How many classes of each.

        Raises
        ------
        BadShape
            For a picture that cannot be made fit.
        Unavailable
            For a server that stays busy, or is gone.
        """
        names = list(names) or [str(i) for i in range(len(images))]
        return [reply for group in self.stream(zip(names, images, strict=True), top) for reply in group]

    def stream(self, pictures: Any, top: int = 5) -> Iterator[list[Reply]]:
        """Answers to (name, picture) pairs, group by group in their order; a few requests are under way at a time."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            waiting: list[Any] = []
            for names, images in _groups(pictures):
                fit = np.stack([self.fit(image) for image in images])
                waiting.append(pool.submit(self._send, names, self._encrypted(fit), top))
                if len(waiting) > SIDE_BY_SIDE:
                    yield waiting.pop(0).result()
            for one in waiting:
                yield one.result()

    def fit(self, image: Any) -> Any:
        """A picture (h, w, c) uint8 as the model takes it. Raises BadShape."""
        prepare = Preparation.of(**{k: v for k, v in self.wanted.preparation.items() if k in ("resize", "pad", "crop")})
        picture = Picture(np.ascontiguousarray(image, np.uint8), 8)
        pixels = _of_channels((prepare(picture) if prepare else picture).pixels, self.wanted.shape[2])
        if pixels.shape != self.wanted.shape:
            want, came = ("x".join(map(str, shape)) for shape in (self.wanted.shape, pixels.shape))
            raise BadShape(f"the model takes pictures of {want}, one of {came} came", hint="resize or crop it")
        return pixels

    def _encrypted(self, images: Any) -> Any:
        ids = [f"query/{self._session}/{self._number + i}" for i in range(len(images))]
        self._number += len(images)
        return self.scheme.encrypt(images, self._key, ids).images

    def _send(self, names: Sequence[str], cipher: Any, top: int) -> list[Reply]:
        about = {"scheme": self.wanted.scheme, "fields": json.dumps(dict(self.wanted.fields))}
        if self._key.fingerprint == self.wanted.fingerprint:  # with a key for each image, any owner's key will do
            about["key"] = self.wanted.fingerprint
        body, headers = inference.request("images", cipher, outputs=["probabilities"], parameters=about)
        answer = self._asked("POST", f"/v2/models/{self.model}/infer", content=body, headers=headers)
        length = answer.headers.get(HEADER, "")
        outputs = inference.read_response(answer.content, int(length) if length.isdigit() else None)
        shares = outputs["probabilities"].data if "probabilities" in outputs else None
        if shares is None or shares.shape != (len(names), len(self.wanted.classes)):
            raise BadMessage("the server's answer has not the certainty of each class for each picture")
        best = np.argsort(-shares, axis=1, kind="stable")[:, :top]
        called = [self._names.get(name, name) for name in self.wanted.classes]
        return [
            Reply(name, tuple((called[k], float(row[k])) for k in order))
            for name, row, order in zip(names, shares, best, strict=True)
        ]

    @property
    def hidden(self) -> bool:
        """Whether the answers name hidden classes, which were not opened."""
        return not self._names and labels.are_hidden(self.wanted.classes)

    def _opened(self, classes: Sequence[str]) -> dict[str, str]:
        """{name that the cloud has: class} of hidden classes: only the key that hid them tells which is which."""
        if not (classes and labels.are_hidden(self.wanted.classes)):
            return {}
        if self._key.fingerprint != self.wanted.fingerprint:
            raise WrongKey(
                f"the labels are hidden under key {shown(self.wanted.fingerprint)}, this is {self._key.fingerprint}",
                hint="open that key, or leave the class names out",
            )
        check = self.wanted.class_check
        if len(classes) != len(self.wanted.classes) or (check and labels.digest(classes, self._key) != check):
            raise BadInput(
                f"these {len(classes)} class names are not the {len(self.wanted.classes)} that are hidden, or stand in "
                "another order",
                hint="imveil labels names them in the order of the data set",
            )
        return labels.meaning(classes, self._key)

    def _only_model(self) -> str:
        index = self._json("/v2/repository/index", "POST", missing=[])
        found = [str(one.get("name")) for one in index if isinstance(one, dict)] if isinstance(index, list) else []
        if len(found) != 1:
            there = f"; there are {', '.join(map(shown, found))}" if found else ""
            raise BadInput(f"a model of {self.url} was needed{there}", hint="name it")
        return found[0]

    def _json(self, path: str, method: str = "GET", missing: Any = None) -> Any:
        answer = self._asked(method, path, missing=missing is not None)
        if answer.status_code in _MISSING and missing is not None:
            return missing
        try:
            return answer.json()
        except ValueError as error:
            raise BadMessage(f"{self.url}{path} answers with no JSON: is it an inference server?") from error

    def _asked(self, method: str, path: str, *, missing: bool = False, **more: Any) -> Any:
        """An answer. A busy server (503) is asked again, later each time; nothing else is."""
        for turn in range(TRIES):
            try:
                answer = self._client.request(method, path, **more)
            except self._errors as error:
                reason = shown(str(error) or type(error).__name__)
                raise Unavailable(f"{self.url} does not answer: {reason}") from error
            if answer.status_code != 503 or turn == TRIES - 1:
                break
            said = answer.headers.get("Retry-After", "")
            pause = min(float(said), 10.0) if said.isdigit() else PAUSE * 2**turn
            time.sleep(pause * (0.5 + random.random() / 2))  # jitter, so that many clients do not come back at once
        if answer.status_code >= 300 and not (missing and answer.status_code in _MISSING):
            try:
                said = str(answer.json()["error"])
            except (ValueError, KeyError, TypeError):
                said = f"status {answer.status_code}"
            kind = Unavailable if answer.status_code in (429, 503) else BadInput
            raise kind(f"{self.url} refuses: {shown(said)[:300]}")
        return answer

    def _pin(self, expect: Mapping[str, str] | None) -> None:
        """Hold the server to what it wanted at first, or to what the owner expects."""
        file = state_folder() / "servers.json"
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        name = f"{self.url}/v2/models/{self.model}"
        now = {"scheme": self.wanted.scheme, "fields": dict(self.wanted.fields), "fingerprint": self.wanted.fingerprint}
        if unknown := sorted(set(expect or {}) - now.keys()):
            raise BadField(f"a server is expected to want {', '.join(now)}, not {shown(unknown[0])}")
        for what, value in (expect if expect is not None else known.get(name, {})).items():
            wants = now.get(what)
            if value not in (wants, json.dumps(wants)):  # fields may come as text
                words = [shown(one if isinstance(one, str) else json.dumps(one)) for one in (wants, value)]
                before = "agreed before" if expect is None else "expected"
                raise Refused(
                    f"{shown(name)} wants {what} {words[0]}, {words[1]} was {before}",
                    hint="if that is right, say what you expect",
                )
        if known.get(name) != now:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_file(file, json.dumps({**known, name: now}, indent=1).encode())


def ask(url: str, images: Any, key: Key, **how: Any) -> list[Reply]:
    """`Inquiry(url, key, ...).ask(images)`, and done.

    Parameters
    ----------
    how
        The options of `Inquiry`.
    """
    with Inquiry(url, key, **how) as cloud:
        return cloud.ask(images)


def _agreed(wanted: Wanted, key: Key) -> Scheme:
    """The scheme to encrypt with. What a server names is looked up, never opened."""
    if wanted.scheme == PLAIN:
        raise Refused("the server wants plain pictures: nothing was sent")
    scheme = schemes.known(wanted.scheme, **dict(wanted.fields))
    if wanted.fingerprint != key.fingerprint and not scheme.traits.per_image:
        raise WrongKey(f"the model's pictures are under key {shown(wanted.fingerprint)}, this is {key.fingerprint}")
    return scheme


def _of_channels(pixels: Any, channels: int) -> Any:
    """Grey as colour or colour as grey (ITU-R 601-2 luma, as Pillow's); BadShape for other kinds."""
    if pixels.shape[2] == channels:
        return pixels
    if pixels.shape[2] == 1 and channels == 3:
        return np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == 3 and channels == 1:
        return np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]
    raise BadShape(f"the model takes pictures of {channels} channels, one of {pixels.shape[2]} came")


def _groups(pictures: Any) -> Iterator[tuple[list[str], list[Any]]]:
    names: list[str] = []
    images: list[Any] = []
    for name, image in pictures:
        names.append(name)
        images.append(image)
        if len(names) == AT_ONCE:
            yield names, images
            names, images = [], []
    if names:
        yield names, images


__all__ = ["Inquiry", "Reply", "Wanted", "ask"]

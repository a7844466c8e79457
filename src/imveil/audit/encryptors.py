"""Anybody's encryptor as the challenger of a game: a Python function, or a program that reads and writes PNG.

    module:function      called with (n, h, w, c) uint8, returns n cipher images; runs in a process of its own
    a command line       run once for each picture: a PNG on its standard input, the cipher PNG on its standard output

It runs apart from the audit, so that one that crashes or hangs is a sentence and not the end. Nothing is known of its
key: every call is a question to an oracle.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from imveil.attacks.base import U8, Images
from imveil.audit.game.challenger import Challenger
from imveil.errors import BadInput

FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_CHUNK = 1 << 26  # bytes of pictures in one call
_KINDS = "uif"
# A session of its own: Ctrl-C is for the audit, which then says what it has; and what it started ends with it.
_PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}


class Encryptor:
    """Pictures (n, h, w, c) uint8 into cipher images, by somebody else's code.

    timeout: seconds that one call may take. Raises BadInput, with what happened, for a command that is not there, that
    fails, hangs, or answers with anything but one cipher image for each picture, of one size where pictures are.
    """

    def __init__(self, command: str, timeout: float = 60.0) -> None:
        self.command, self.timeout = command, timeout
        self._child: subprocess.Popen[bytes] | None = None
        self._words: list[str] = []
        self._shapes: dict[tuple[int, ...], tuple[int, ...]] = {}  # of pictures, and of their cipher images
        if not FUNCTION.fullmatch(command) or Path(command).exists():
            try:
                self._words = shlex.split(command)
            except ValueError as error:
                raise BadInput(f"{command!r} is no command line: {error}") from error
            if not self._words or shutil.which(self._words[0]) is None:
                raise BadInput(
                    f"{command!r} is neither module:function nor a program that is there",
                    hint="name a Python function as module:function, or a program that turns a PNG into a PNG",
                )

    def __call__(self, images: U8) -> Images:
        """The cipher images of a batch, (n, ...)."""
        rows = max(1, _CHUNK // max(1, images[:1].nbytes))
        parts = [self._some(images[at : at + rows]) for at in range(0, len(images), rows)]
        none = (0, *self._shapes.get(images.shape[1:], images.shape[1:]))
        return np.concatenate(parts) if parts else np.empty(none, np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that runs the function."""
        if self._child is not None:
            _end(self._child)
            self._child = None

    def challenger(self) -> Challenger:
        """For a game. Nobody said what the scheme is, and no fresh key can be had."""
        return Challenger(lambda images, _: self(images))

    def _some(self, images: U8) -> Images:
        found = self._programs(images) if self._words else self._function(images)
        if found.dtype.kind not in _KINDS or found.ndim < 2 or len(found) != len(images) or not found[:1].size:
            raise BadInput(
                f"the encryptor returned {found.dtype} {found.shape} for {len(images)} pictures",
                hint="it must return one cipher image for each picture, (n, h, w, c)",
            )
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise BadInput("the encryptor returned numbers that are not finite")
        before = self._shapes.setdefault(images.shape[1:], found.shape[1:])
        if found.shape[1:] != before:
            raise BadInput(f"the encryptor returned images of size {found.shape[1:]}, and of {before} before")
        if found.ndim != 4:  # rows of numbers, or grey pictures without an axis for colour
            found = found[..., None] if found.ndim == 3 else found.reshape(len(found), 1, -1, 1)
        return found

    def _programs(self, images: U8) -> Images:
        found = [self._program(image) for image in images]
        other = next((one.shape for one in found if one.shape != found[0].shape), None)
        if other:
            raise BadInput(f"the encryptor returned images of size {other}, and of {found[0].shape} before")
        return np.stack(found)

    def _program(self, image: U8) -> Images:
        from imveil.errors import BadImage
        from imveil.store import png

        try:
            child = subprocess.Popen(self._words, **_PIPES, stderr=subprocess.PIPE)
        except OSError as error:
            raise BadInput(f"{self._words[0]} cannot be run: {error.strerror}") from error
        try:
            out, said = child.communicate(png.encode(image), self.timeout)
        except subprocess.TimeoutExpired as error:
            raise BadInput(self._slow()) from error
        finally:
            _end(child)
        if child.returncode:
            raise BadInput(f"{self._words[0]} failed with exit code {child.returncode}{_last(said)}")
        try:
            return png.decode(out)[0]
        except BadImage as error:
            raise BadInput(f"{self._words[0]} did not write a PNG: {error.message}") from error

    def _function(self, images: U8) -> Images:
        child, slow = self._started(), threading.Event()
        assert child.stdin is not None
        assert child.stdout is not None

        def stop() -> None:
            slow.set()
            _kill(child)

        watch = threading.Timer(self.timeout, stop)
        whole = False
        try:
            watch.start()
            send(child.stdin, images)
            found = receive(child.stdout)
            whole = True
            return found
        except BadInput:  # it answered, with a reason
            whole = True
            raise
        except (BrokenPipeError, EOFError) as error:
            raise BadInput(self._slow() if slow.is_set() else f"{self.command} ended unexpectedly") from error
        finally:
            watch.cancel()
            if not whole:  # half an answer in the pipe would be taken for the next one
                self.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen([sys.executable, "-m", "imveil.audit.encryptors", self.command], **_PIPES)
        return self._child

    def _slow(self) -> str:
        return f"{self.command} did not answer within {self.timeout:g} seconds"


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill it, if it still runs, and whatever it started."""
    if child.poll() is None:
        _kill(child)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _last(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1][:200]}" if lines else ""


def send(out: IO[bytes], array: Any, error: str = "") -> None:
    """Write an array, or an error, to a pipe: a line of JSON, then the numbers."""
    head = {"error": error} if error else {"dtype": array.dtype.str, "shape": array.shape}
    out.write(json.dumps(head).encode() + b"\n" + (b"" if error else np.ascontiguousarray(array).tobytes()))
    out.flush()


def receive(pipe: IO[bytes]) -> Images:
    """Read what `send` wrote. Raises BadInput for an error, EOFError at the end."""
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head = json.loads(line)
    if "error" in head:
        raise BadInput(head["error"])
    dtype, shape = np.dtype(head["dtype"]), tuple(head["shape"])
    data = pipe.read(dtype.itemsize * int(np.prod(shape)))
    if len(data) < dtype.itemsize * int(np.prod(shape)):
        raise EOFError
    return np.frombuffer(bytearray(data), dtype).reshape(shape)


def serve(name: str) -> None:
    """In the process of its own: answer every batch with the function `name`, until the pipe closes."""
    from importlib import import_module

    answers, questions = os.fdopen(os.dup(1), "wb"), io.BufferedReader(io.FileIO(0))
    os.dup2(2, 1)  # what the function prints must not get between the numbers
    sys.path.insert(0, str(Path.cwd()))
    module, _, path = name.partition(":")
    encrypt: Any = None
    while True:
        try:
            images = receive(questions)
        except EOFError:
            return
        try:
            if encrypt is None:
                encrypt = import_module(module)
                for part in path.split("."):
                    encrypt = getattr(encrypt, part)
            found = np.asarray(encrypt(images))
            if found.dtype.kind not in _KINDS:
                raise TypeError(f"it returned {found.dtype}, numbers were needed")
            send(answers, found)
        except Exception as error:  # somebody else's code: whatever it raises is an answer to pass on
            send(answers, None, f"{name} failed: {type(error).__name__}: {error}"[:300])


if __name__ == "__main__":
    serve(sys.argv[1])

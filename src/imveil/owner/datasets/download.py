"""Downloads: resumed where they broke off, with progress, moved into place whole; and a lock so that one fetches.

A download lies in `NAME.part` until it is complete. Whether it is the right file is for the caller to check.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from imveil.errors import Unavailable

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

Progress = Callable[[str, int, int], None]
"""Called with (what is done, bytes so far, bytes in all or 0 where unknown)."""

MOST_BYTES = 1 << 30
_CHUNK = 1 << 18
_log = logging.getLogger("imveil")


def on_terminal(what: str, done: int, total: int) -> None:
    """Progress as one line of a terminal, redrawn; only the log when standard error is none."""
    if not sys.stderr.isatty():
        if not done:
            _log.info("%s", what)
        return
    amount = f" {done / 1e6:.0f}" + (f" of {total / 1e6:.0f}" if total else "") + " MB" if done else ""
    goes_on = done < total or (done and not total)
    print(f"\r\x1b[K{what}{amount}", end="" if goes_on else "\n", file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` within the block, waiting for whoever has it; False where there is no locking."""
    if fcntl is None:
        yield False
        return
    with open(path, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            yield False
            return
        yield True  # closing the file, or the end of the process, opens the lock


def put(path: Path, data: bytes | memoryview) -> None:
    """Write a file that is there whole or not at all, whoever else writes it at the same time."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(aside, "xb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def download(
    url: str, path: Path, progress: Progress, *, timeout: float = 30, tries: int = 5, pause: float = 1
) -> None:
    """Fetch `url` into `path`, going on from `path`.part where an earlier run left one.

    Parameters
    ----------
    timeout
        Seconds without a byte.
    tries
        How often a broken connection that brought nothing new is taken up again. Raises Unavailable; the part that came
        stays for the next run.
    """
    part = path.with_name(path.name + ".part")
    left = tries
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _some(url, part, before, progress, timeout):
                part.replace(path)
                return
            problem = "the connection broke off"
        except urllib.error.HTTPError as error:
            problem = f"the server says {error.code} {error.reason}"
            error.close()
            if error.code < 500:
                left = 0
        except (OSError, http.client.HTTPException) as error:
            problem = str(getattr(error, "reason", error)) or type(error).__name__
        came = part.stat().st_size if part.exists() else 0
        left = left if came > before and left else left - 1
        if left <= 0:
            raise Unavailable(f"{url}: {problem}")
        time.sleep(pause)


def _some(url: str, part: Path, have: int, progress: Progress, timeout: float) -> bool:
    """Add to the part what the server sends; whether it is complete now."""
    request = urllib.request.Request(url, headers={"User-Agent": "imveil", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer: Any = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()  # all is here already, or the file there is another now: the length tells
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return True
        part.unlink()
        return False
    with answer:
        goes_on = answer.status == 206 and str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
        if answer.status == 206 and not goes_on:
            part.unlink(missing_ok=True)
            return False
        have = have if goes_on else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else 0
        if total > MOST_BYTES:
            raise Unavailable(f"{url} has {total} bytes, at most {MOST_BYTES} are fetched")
        what = f"fetching {path_name(url)}"
        progress(what, have, total)
        with open(part, "ab" if goes_on else "wb") as out:
            while block := answer.read(_CHUNK):
                out.write(block)
                have += len(block)
                if have > MOST_BYTES:
                    raise Unavailable(f"{url} is longer than {MOST_BYTES} bytes")
                progress(what, have, total)
    return not total or have == total


def path_name(url: str) -> str:
    """The last part of an address.

    >>> path_name("https://example.org/a/b.tar.gz?x=1")
    'b.tar.gz'
    """
    return url.split("?")[0].rstrip("/").rpartition("/")[2]

"""Loaded by every Python that a watched run starts: writes down what is opened to be written, and keeps a copy of every
file before it is removed, renamed, replaced or emptied. What stays is for the test to look at."""

from __future__ import annotations

import itertools
import os
import sys

LOG = os.environ.get("WATCH_LOG", "")
KEPT = f"{LOG}.kept"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
UNNAMED = getattr(os, "O_TMPFILE", 0)
count = itertools.count()
busy = False


def note(kind: str, what: object) -> None:
    handle = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{kind} {what}\n".encode())
    os.close(handle)


def keep(path: object, folder: int = -1) -> None:
    """Copy a file, its path in the first line. folder: an open one that the path begins at."""
    if isinstance(path, int):
        path = f"/proc/self/fd/{path}"
    path = os.fsdecode(path)  # type: ignore[arg-type]
    if folder != -1 and not path.startswith("/"):
        path = f"{os.readlink(f'/proc/self/fd/{folder}')}/{path}"  # noqa: PTH115
    if os.path.isfile(path):  # noqa: PTH113
        os.makedirs(KEPT, exist_ok=True)  # noqa: PTH103
        with open(path, "rb") as file, open(f"{KEPT}/{os.getpid()}-{next(count)}", "wb") as copy:
            copy.write(os.path.abspath(path).encode() + b"\n" + file.read())  # noqa: PTH100


def hook(event: str, args: tuple) -> None:
    global busy
    if busy:
        return
    busy = True
    try:
        if event == "open" and isinstance(args[2], int) and args[2] & WRITING and not isinstance(args[0], int):
            note("unnamed" if UNNAMED and args[2] & UNNAMED == UNNAMED else "write", os.path.abspath(args[0]))  # noqa: PTH100
            if args[2] & os.O_TRUNC:
                keep(args[0])
        elif event == "os.remove":
            keep(*args)
        elif event == "os.rename":
            keep(args[0], args[2])
            keep(args[1], args[3])
        elif event == "os.truncate":
            keep(args[0])
        elif event == "socket.connect" or (event == "socket.__new__" and args[1] in (2, 10)):
            note("socket", args[1])
    finally:
        busy = False


if LOG:
    sys.addaudithook(hook)

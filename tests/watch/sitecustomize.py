"""Loaded by every Python that a watched run starts: writes down what is opened to be written, and what goes with plain
pixels in it. A file is looked at before it is removed, renamed or replaced; what stays is for the test to look at."""

from __future__ import annotations

import os
import sys

LOG, MARK = os.environ.get("WATCH_LOG", ""), bytes.fromhex(os.environ.get("WATCH_MARK", ""))
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
UNNAMED = getattr(os, "O_TMPFILE", 0)
busy = False


def note(kind: str, what: object) -> None:
    handle = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{kind} {what}\n".encode())
    os.close(handle)


def look(path: object) -> None:
    if isinstance(path, int) or not os.path.isfile(str(path)):  # noqa: PTH113
        return
    with open(path, "rb") as file:  # type: ignore[call-overload]
        if MARK in file.read():
            note("plain", path)


def hook(event: str, args: tuple) -> None:
    global busy
    if busy:
        return
    busy = True
    try:
        if event == "open" and isinstance(args[2], int) and args[2] & WRITING and not isinstance(args[0], int):
            note("unnamed" if UNNAMED and args[2] & UNNAMED == UNNAMED else "write", os.path.abspath(args[0]))  # noqa: PTH100
        elif event in ("os.remove", "os.rename", "os.truncate"):
            look(args[0])
            if event == "os.rename":
                look(args[1])
        elif event == "socket.connect" or (event == "socket.__new__" and args[1] in (2, 10)):
            note("socket", args[1])
    finally:
        busy = False


if LOG:
    sys.addaudithook(hook)

"""python silent.py WORDS...: run WORDS where a socket of the internet ends the process that opens it, and its children.

A filter of system calls (seccomp), so that no library gets past it. Linux on x86-64 and ARM only; see `possible`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
KILL, ALLOW = 0x80000000, 0x7FFF0000
AF_INET, AF_INET6 = 2, 10


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def possible() -> bool:
    return sys.platform == "linux" and platform.machine() in SOCKET


def forbid() -> None:
    """No socket of AF_INET or AF_INET6 in this process from now on, nor in any that it starts."""
    steps = [
        (LOAD, 0, 0, 0),  # the number of the call
        (EQUAL, 0, 4, SOCKET[platform.machine()]),
        (LOAD, 0, 0, 16),  # its first argument
        (EQUAL, 1, 0, AF_INET),
        (EQUAL, 0, 1, AF_INET6),
        (RETURN, 0, 0, KILL),
        (RETURN, 0, 0, ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    forbid()
    os.execvp(sys.argv[1], sys.argv[1:])

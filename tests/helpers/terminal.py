"""The command line at a terminal of its own, for the tests of prompts, bars and Ctrl-C."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

IMVEIL = [sys.executable, "-m", "imveil"]
OWN_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def at_a_terminal(words: list[str], answers: list[str], prompt: bytes = b": ") -> tuple[int, str]:
    """Run the command line at a terminal of its own, type an answer at each prompt; its exit code and the screen.

    prompt: what has come on the screen when an answer is due. The answer "\\x03" is Ctrl-C.
    """
    ours, its = os.openpty()
    child = subprocess.Popen([sys.executable, "-c", OWN_TERMINAL, *IMVEIL, *words], stdin=its, stdout=its, stderr=its)
    os.close(its)
    screen, seen, waiting = b"", 0, list(answers)
    while select.select([ours], [], [], 60)[0]:
        try:
            screen += os.read(ours, 1000)
        except OSError:  # Linux says so when the child has closed its end
            break
        if waiting and prompt in screen[seen:]:
            seen = len(screen)
            os.write(ours, waiting.pop(0).encode() + b"\n")
    os.close(ours)
    return child.wait(60), screen.decode()


def imveil_run(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line as a process, in the folder `here`."""
    return subprocess.run([*IMVEIL, *words], cwd=here, capture_output=True, text=True, timeout=120)

"""The pool: every task once, in one process or several; the key gets to workers, errors get back, an end is an end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from imveil import Key
from imveil.errors import BadShape, ImveilError
from imveil.owner.run import pool

KEY = Key(b"k" * 32)


def make(key: Key, what: str, note: str) -> Any:
    return lambda task, stop: _work(key, what, Path(note), task, stop)


def _work(key: Key, what: str, note: Path, task: int, stop: Callable[[], bool]) -> Any:
    if what == "fail" and task == 3:
        raise BadShape("task 3 is bad", hint="mend it")
    if what == "die" and task == 3:
        os._exit(9)
    if what == "wait" and task > 0:
        end = time.monotonic() + 60  # long enough to be told, and an end where nobody tells
        while time.monotonic() < end:
            if stop():
                note.write_text("was told")
                raise pool.Stopped
    if what == "ask":
        threading.Timer(0.02 + 0.002 * task, os.kill, (os.getpid(), signal.SIGKILL)).start()
        while not stop():
            pass
    return task, key.fingerprint, os.getpid(), os.environ.get("OMP_NUM_THREADS")


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_once(workers: int) -> None:
    done = sorted(pool.run(make, ("", ""), KEY, range(20), workers))
    assert [task for task, *_ in done] == list(range(20))
    assert {fingerprint for _, fingerprint, *_ in done} == {KEY.fingerprint}
    processes = {process for _, _, process, _ in done}
    assert (os.getpid() in processes) == (workers == 1)
    if workers > 1:
        assert {threads for *_, threads in done} == {"1"}


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_come_back_whole(workers: int) -> None:
    with pytest.raises(BadShape) as error:
        list(pool.run(make, ("fail", ""), KEY, range(20), workers))
    assert str(error.value) == "task 3 is bad; mend it"


def test_a_worker_that_dies() -> None:
    with pytest.raises(ImveilError, match="worker process ended unexpectedly; run the same command again"):
        list(pool.run(make, ("die", ""), KEY, range(20), 2))


def test_a_worker_that_is_killed_while_it_asks_holds_nobody_up() -> None:
    ended = []

    def ask() -> None:
        try:
            list(pool.run(make, ("ask", ""), KEY, range(4), 4))
        except ImveilError as error:
            ended.append(str(error))

    for _ in range(3):
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(60)
    assert len(ended) == 3
    assert all("a worker process ended unexpectedly" in one for one in ended)


def test_workers_are_told_to_stop(tmp_path: Path) -> None:
    note = tmp_path / "note"
    with closing(pool.run(make, ("wait", str(note)), KEY, range(2), 2)) as work:
        assert next(work)[0] == 0
    assert note.read_text() == "was told"


@pytest.mark.parametrize("thread", [True, False], ids=["this thread", "any thread"])
def test_an_interrupt_waits_until_a_worker_has_started(thread: bool) -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with pool._undisturbed():
            if thread:
                signal.raise_signal(signal.SIGINT)
            else:
                other = threading.Thread(target=signal.pthread_kill, args=(threading.get_ident(), signal.SIGINT))
                other.start()
                other.join()
            reached = True
        pytest.fail("nothing was raised")
    assert reached
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == set()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pool._undisturbed():
        pass


def test_the_key_is_in_no_argument_and_no_environment() -> None:
    secret = bytes(range(97, 97 + 32))
    shown: list[bytes] = []
    for _ in pool.run(make, ("", ""), Key(secret), range(4), 2):
        for process in Path("/proc").glob("[0-9]*") if Path("/proc/self").exists() else []:
            try:
                if f"\nPPid:\t{os.getpid()}\n" in (process / "status").read_text():
                    shown += [(process / "cmdline").read_bytes(), (process / "environ").read_bytes()]
            except OSError:  # it has just ended
                continue
    assert not [text for text in shown if secret in text or secret.hex().encode() in text]

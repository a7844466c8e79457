"""Work ends when its time is up, and what comes after is left alone."""

from __future__ import annotations

import sys
import threading
import time
import weakref
from contextlib import suppress

import pytest

from imveil.audit.deadline import OutOfTime, within


def forever() -> None:
    while True:
        try:
            time.sleep(0.001)
        except Exception:  # as an attack might
            continue


def test_what_has_no_end_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(OutOfTime), within(0.1):
        forever()
    assert time.monotonic() - began < 5


def test_what_ends_in_time_is_not_touched() -> None:
    for _ in range(50):
        with suppress(OutOfTime), within(0.002):  # so short that a busy machine may be too late for it
            pass
    time.sleep(0.05)  # no bell rings late


def test_it_works_in_any_thread_and_rings_in_that_one_only() -> None:
    seen: list[str] = []

    def work() -> None:
        try:
            with within(0.05):
                forever()
        except OutOfTime:
            seen.append("out of time")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert seen == ["out of time"] * 3


def test_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), within(10):
        1 / 0  # noqa: B018


def test_a_bell_inside_a_compiled_call_is_out_of_time() -> None:
    def compiled() -> None:  # a C function that returns although the bell rang inside it: the interpreter complains
        try:
            forever()
        except OutOfTime as bell:
            raise SystemError("returned a result with an exception set") from bell

    with pytest.raises(OutOfTime), within(0.05):
        compiled()
    with pytest.raises(SystemError), within(10):
        raise SystemError("of its own")


def test_a_thread_that_is_just_being_started_does_not_take_the_bell() -> None:
    def work() -> None:
        while True:
            one = threading.Thread(target=int)
            one.start()
            one.join()

    for _ in range(5):
        with pytest.raises(OutOfTime), within(0.02, again=0.02):
            work()


class Cyclic:
    """What leaves a weak reference's callback to be called in passing."""


def test_a_bell_that_is_lost_in_a_callback_rings_again() -> None:
    lost: list[int] = []

    def deaf() -> None:  # as a callback is: what comes up inside is dropped
        try:
            forever()
        except OutOfTime:
            lost.append(1)

    def work() -> None:
        deaf()
        forever()

    with pytest.raises(OutOfTime), within(0.02, again=0.02):
        work()
    assert lost
    time.sleep(0.05)  # no bell rings late


def test_a_bell_in_a_weak_references_callback_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", bool)  # compiled: the next bell does not ring inside
    heard: list[str] = []

    def gone(_: object) -> None:
        heard.append("in the callback")
        forever()

    def work() -> None:
        thing = Cyclic()
        hold = weakref.ref(thing, gone)
        del thing
        assert hold() is None
        forever()

    with pytest.raises(OutOfTime), within(0.02, again=0.02):
        work()
    assert heard

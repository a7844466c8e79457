"""The cluster: the shards of a run worked on by actors of Ray Data, on this machine or on many.

The plan of shards, their bytes and their markers are those of `pool`: an actor does to a shard what a worker process
does, so the result is the same whatever ran it. What travels to actors and lies in Ray's object store is the work's
picklable parts, names of pictures, and where the key is; the key is opened by each actor itself. Pictures and the
destination must have the same path on every machine (a shared file system).

An actor that dies is started again and its shard is done anew; a shard that was finished is found finished.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imveil.errors import BadInput, BadKeyFile, ImveilError, MissingExtra
from imveil.keys.key import Key
from imveil.keys.reference import KeyRef
from imveil.owner._unheard import unheard
from imveil.owner.run import pool

_SPARE = 2  # logical processors beyond the actors': Ray Data's own tasks would wait for ever without


class Cluster:
    """An engine for `encrypt_set`: `encrypt_set(..., engine=Cluster(KeyRef("env:OWNER_KEY")))`.

    key: where every machine finds the key, and the passphrase of a wrapped one in the file that
    IMVEIL_PASSPHRASE_FILE names.   address: of a running cluster ("auto", "host:port"); None: one of this process's
    own, on this machine, which ends with the run.

    Raises MissingExtra without Ray, BadInput for a key that only this process can open or where nothing answers.
    """

    def __init__(self, key: KeyRef, address: str | None = None) -> None:
        _ray()
        if key.text.startswith("fd:"):
            raise BadInput(
                f"{key.text} is of this process alone, and actors open the key themselves",
                hint="name a file, env:NAME or cmd:PROGRAM",
            )
        if not key.text.startswith(("env:", "cmd:")):
            key = KeyRef(f"file:{Path(str(key.place())).absolute()}")
        if address and address != "auto":
            _answers(address)
        self.key, self.address = key, address

    def __repr__(self) -> str:
        return f"Cluster({self.key!r}, {self.address!r})"

    def default_workers(self) -> int:
        """One for every core of this machine; 0, which stands for all of a cluster, where there is an address."""
        return 0 if self.address else pool.default_workers()

    def run(
        self, make: Callable[..., Any], parts: tuple[Any, ...], key: Key, tasks: Sequence[Any], workers: int
    ) -> Generator[Any]:
        """As `pool.run`. key: only its fingerprint is used, which the actors' key must have.   workers: actors;
        0 for as many as the cluster has processors."""
        ray = _ray()
        setup = pickle.dumps((make, parts))
        with _connected(ray, self.address, workers), _silent(ray):
            workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)) - _SPARE)
            rows = [{"task": pickle.dumps(task)} for task in tasks]
            done = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
                _Worker,
                fn_constructor_args=(setup, self.key, key.fingerprint),
                compute=ray.data.ActorPoolStrategy(size=max(1, min(workers, len(rows)))),
                num_cpus=1,
            )
            try:
                for row in done.iter_rows():
                    result = pickle.loads(row["done"])
                    if isinstance(result, Exception):
                        raise result
                    yield result
            except ray.exceptions.RayError as error:
                cause = error.__cause__ or error
                raise ImveilError(
                    f"an actor of the cluster failed: {type(cause).__name__}",
                    hint="run the same command again to go on",
                ) from error


class _Worker:
    """An actor: sets the work up when its first task comes, so that what is wrong with the key is told as an error."""

    def __init__(self, setup: bytes, key: KeyRef, fingerprint: str) -> None:
        self._setup, self._key, self._fingerprint = setup, key, fingerprint
        self._work: Any = None

    def __call__(self, row: dict[str, Any]) -> dict[str, bytes]:
        try:
            if self._work is None:
                self._work = self._begun()
            result = self._work(pickle.loads(row["task"]), lambda: False)
        except (ImveilError, OSError) as error:
            result = error
        return {"done": pickle.dumps(result)}

    def _begun(self) -> Any:
        from imveil.plans.compiled.threads import set_threads

        set_threads(1)
        key = self._key.open()
        if key.fingerprint != self._fingerprint:
            raise BadKeyFile(
                f"{self._key.name} is the key {key.fingerprint} where an actor runs, the run began with "
                f"{self._fingerprint}",
                hint="give every machine the same key file",
            )
        make, parts = pickle.loads(self._setup)
        return make(key, *parts)


def _ray() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before it is imported: nothing is told to anybody
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its own lines would stand between those of the run
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtra("a run on a cluster needs Ray", hint="pip install 'imveil[ray]'") from error
    return ray


@contextmanager
def _connected(ray: Any, address: str | None, workers: int) -> Iterator[None]:
    """A cluster for one run. One that was there before stays."""
    if ray.is_initialized():
        yield
        return
    facts: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    try:
        with unheard():  # the part of Ray that is not Python tells there which level its log was set to
            if address is None:
                ray.init(num_cpus=workers + _SPARE, include_dashboard=False, **facts)
            else:
                ray.init(address=address, **facts)
    except Exception as error:  # a node that is too slow to start is a bare one
        where = "on this machine" if address in (None, "auto") else f"at {address}"
        raise BadInput(f"no Ray cluster answers {where}", hint="start one, or leave --address out") from error
    try:
        yield
    finally:
        ray.shutdown()


def _answers(address: str) -> None:
    """Raise BadInput where nothing listens: Ray would try for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, ValueError, OverflowError) as error:
        raise BadInput(f"no Ray cluster answers at {address}", hint="--address is auto or HOST:PORT") from error


@contextmanager
def _silent(ray: Any) -> Iterator[None]:
    """No bars and no log lines of Ray's: the run has its own."""
    context, logger = ray.data.DataContext.get_current(), logging.getLogger("ray.data")
    before = context.enable_progress_bars, context.print_on_execution_start, logger.level
    context.enable_progress_bars = context.print_on_execution_start = False
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        context.enable_progress_bars, context.print_on_execution_start = before[:2]
        logger.setLevel(before[2])


__all__ = ["Cluster"]

"""A hosted round: the files' own messages over HTTP, many steps, resumed anywhere; who falls out ends it by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from imveil.cloud.hosting import Hosted, app
from imveil.errors import BadDestination, BadInput, Mismatch, Refused, Unavailable
from imveil.owner.joining import Host, Make, fetch_round, join
from imveil.owner.summing import prepare, release
from imveil.store.messages.head import Head
from imveil.store.messages.round import Round
from private import OWNERS, MadeEncoder, Pictures, all_sums, book, made_round

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")


@contextmanager
def served(hosted: Hosted) -> Iterator[str]:
    """The round at a free port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app(hosted), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def maker(first: Round, i: int, folder: Path, count: int = 30) -> Make:
    """What makes the sums of an owner."""
    encoder, ledger = MadeEncoder(first.encoder.width), book(folder, OWNERS[i])
    ready = prepare(Pictures(count, i), first, OWNERS[i], encoder, ledger, told=True)
    return lambda round_, head: release(ready, round_, OWNERS[i], ledger, head=head).sum.to_bytes(round_)


def together(address: str, round_: Round, folder: Path, count: int = 30) -> list[bytes]:
    """All owners join at once; the heads that they got."""
    heads: list[bytes] = [b""] * len(round_.owners)
    failed: list[Exception] = []

    def owner(i: int) -> None:
        try:
            with Host(address) as host:
                first = fetch_round(host, round_.fingerprint)
                result = join(host, first, OWNERS[i].recipient, maker(round_, i, folder, count))
            heads[i] = result.head or result.total
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=owner, args=(i,)) for i in range(len(heads))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    if failed:
        raise failed[0]
    return heads


def by_files(round_: Round, folder: Path, steps: int) -> Head:
    """The same round, step by step, without a network."""
    from imveil.cloud.summing import add, train
    from imveil.store.messages.steps import next_round

    head = None
    for step in range(steps):
        head = train(add(all_sums(round_, folder, head=head), round_), start=head)
        if step + 1 < steps:
            round_ = next_round(round_, head)
    assert head is not None
    return head


@pytest.mark.parametrize("epsilon", [None, 4.0])
def test_the_head_is_that_of_the_files(epsilon: float | None, tmp_path: Path) -> None:
    round_ = made_round(3, steps=5, method="gradient", epsilon=epsilon, about=1000)
    with served(Hosted(round_, tmp_path / "host")) as address:
        heads = together(address, round_, tmp_path / "owners")
    assert len(set(heads)) == 1
    assert Head.from_bytes(heads[0]).card.steps == 5
    assert heads[0] == (tmp_path / "host" / "head.safetensors").read_bytes()
    if epsilon is None:
        assert Head.from_bytes(heads[0]).digest == by_files(round_, tmp_path / "files", 5).digest


def test_many_steps_of_ten_owners(tmp_path: Path) -> None:
    round_ = made_round(10, steps=30, method="gradient", epsilon=4.0, width=40, about=3000)
    with served(Hosted(round_, tmp_path / "host")) as address:
        heads = together(address, round_, tmp_path / "owners")
    assert Head.from_bytes(heads[0]).card.steps == 30


def test_a_host_and_an_owner_that_were_stopped_go_on(tmp_path: Path) -> None:
    round_ = made_round(3, steps=4, method="gradient")
    whole = Hosted(round_, tmp_path / "whole")
    for step in range(4):
        sums = all_sums(whole.round, tmp_path / "owners", head=whole.head)
        data = [one.to_bytes(whole.round) for one in sums]
        for i, one in enumerate(data):
            whole.accept(one)
            if not whole.done and not (step == 0 and i == 2):
                again = Hosted(round_, tmp_path / "whole")  # killed here, and started again
                assert again.state() == whole.state()
                whole = again
    assert whole.done
    assert Hosted(round_, tmp_path / "whole").done
    cut = next((tmp_path / "whole").glob("00003-*.sum"))
    cut.write_bytes(cut.read_bytes()[:-3])
    half = Hosted(round_, tmp_path / "whole")
    assert half.round.step == 3
    assert len(half.state()["waiting"]) == 1
    with pytest.raises(BadDestination, match="another round"):
        Hosted(made_round(3), tmp_path / "whole")


def test_an_owner_who_falls_out_ends_the_round_with_his_name(tmp_path: Path) -> None:
    round_ = made_round(3, steps=2, method="gradient")
    hosted = Hosted(round_, tmp_path / "host", patience=0.3)
    hosted.accept(all_sums(round_, tmp_path / "owners")[0].to_bytes(round_))
    mine = maker(round_, 0, tmp_path / "owners")
    with served(hosted) as address, Host(address) as host:
        first = fetch_round(host, round_.fingerprint)
        with pytest.raises(Refused, match="sent no sum for step 1") as refused:
            join(host, first, OWNERS[0].recipient, mine)
    assert any(one.recipient in str(refused.value) for one in OWNERS[1:3])


def test_a_blind_round_ends_with_its_total(tmp_path: Path) -> None:
    from imveil.owner.summing import open_total
    from imveil.store.messages.total import Total

    round_ = made_round(3, blind=True)
    with served(Hosted(round_, tmp_path / "host")) as address:
        totals = together(address, round_, tmp_path / "owners")
    assert open_total(Total.from_bytes(totals[0]), OWNERS[0]).opened


def test_a_host_can_choose_nothing_but_when(tmp_path: Path) -> None:
    round_, other = made_round(3, steps=2, method="gradient", epsilon=2.0), made_round(3, steps=2, method="gradient")
    mine = maker(round_, 0, tmp_path / "o")
    with served(Hosted(other, tmp_path / "host")) as address, Host(address) as host:
        with pytest.raises(Mismatch, match="was agreed"):
            fetch_round(host, round_.fingerprint)
        with pytest.raises(Mismatch, match="does not follow"):
            join(host, round_, OWNERS[0].recipient, mine)
        assert not book(tmp_path / "o", OWNERS[0]).entries
        with pytest.raises(Refused, match="422: the sum is"):
            host.post("/sum", b"nothing")
        with pytest.raises(Refused, match="413"):
            host.post("/sum", bytes(1 << 20))
        with pytest.raises(Refused, match="404"):
            host.get("/head")
    with Host(address, timeout=1) as host, pytest.raises(Unavailable, match="does not answer"):
        host.state()
    for bad in ("file:///etc/passwd", "somewhere", "http://"):
        with pytest.raises(BadInput, match="an address such as"):
            Host(bad)


def test_a_second_sum_of_an_owner_is_refused(tmp_path: Path) -> None:
    round_ = made_round(3, epsilon=2.0)
    hosted = Hosted(round_, tmp_path / "host")
    one = all_sums(round_, tmp_path / "owners")[0]
    hosted.accept(one.to_bytes(round_))
    hosted.accept(one.to_bytes(round_))
    with pytest.raises(Mismatch, match="only the first counts"):
        hosted.accept(one._replace(words=one.words + np.uint64(1)).to_bytes(round_))

"""The vectors of docs/spec/round.md and query.md, which other code computed, are what the package makes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from imveil.keys import masks
from imveil.keys.key import Key
from imveil.keys.sharing import Identity, open_shared
from imveil.store.messages.round import Round
from imveil.store.messages.table import moments
from reference import sums

HERE = Path(__file__).parents[2] / "vectors" / "spec"
SUM, QUERY = (json.loads((HERE / f"{name}.json").read_text()) for name in ("sum", "query"))
ROUND = Round.from_bytes(bytes.fromhex(SUM["round"]))
GROUP = Key(bytes.fromhex(SUM["group"]))


def test_the_round_has_this_digest_and_fingerprint() -> None:
    assert ROUND.digest.hex() == SUM["digest"]
    assert ROUND.fingerprint == SUM["fingerprint"]
    assert ROUND.to_bytes().hex() == SUM["round"]


@pytest.mark.parametrize("one", SUM["sums"], ids=lambda one: one["owner"][-6:])
def test_tables_masks_and_tags_are_these(one: dict[str, object]) -> None:
    identity = Identity(Key(bytes.fromhex(str(one["identity"]))))
    assert open_shared(ROUND.group, identity) == GROUP
    table = moments(np.array(one["rows"]), np.array(one["labels"]), ROUND)
    assert table.tolist() == one["table"]
    words = table.view(np.uint64) + masks.pairwise(identity, ROUND.owners, ROUND.digest, 0, len(table))
    words = words + masks.of_group(GROUP, identity.recipient, ROUND.digest, 0, len(table))
    assert words.tolist() == one["words"]
    assert masks.tag(GROUP, identity.recipient, ROUND.digest, 0, table) == one["tag"]


def test_the_reference_agrees_with_what_is_written() -> None:
    for one in SUM["sums"]:
        words = sums.masked(bytes.fromhex(one["identity"]), ROUND.owners, ROUND.digest, 0, one["table"], GROUP.reveal())
        assert words == one["words"]


@pytest.mark.parametrize("one", QUERY, ids=lambda one: str(len(one["row"])))
def test_queries_have_these_numbers_and_moduli(one: dict[str, list[int]]) -> None:
    pytest.importorskip("tenseal")
    from imveil.owner.asking.encrypted import small
    from imveil.store.messages import bfv

    whole, _ = small(np.array([one["row"]]))
    assert whole[0].tolist() == one["whole"]
    assert bfv.parameters(len(one["row"]), False).plain == one["plain"]

"""Entries: rows of the leaderboard that somebody else measured, one JSON file each.

    imveil leaderboard --check my-row.json

A file is taken as it is or not at all: names, ranges and what must stand together are checked, and the first thing that
is wrong is said. Of a scheme that ships, the records say what attacks recover, so the file may not; of any other the
file has to.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from imveil import record, schemes
from imveil.errors import BadSource, ImveilError

FOLDER = "rows"
LONGEST = 1 << 16  # bytes
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class Attacked(BaseModel):
    """What attacks recovered from a scheme that does not ship.

    Attributes
    ----------
    recovery, low, high
        As the referee counts it, with its 95 % interval.
    identified
        Share of right picks among a thousand candidates.
    attack
        Which one it was, the best of all that were tried.
    view
        What it was given: "one" cipher image, "many", "pairs", "chosen".
    n, keys
        Targets, and keys under which they were encrypted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    recovery: Share
    low: Share
    high: Share
    identified: Share
    attack: Words
    view: Literal["one", "many", "pairs", "chosen"]
    n: Annotated[int, Field(ge=20)]
    keys: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.recovery <= self.high:
            raise ValueError("recovery must lie between low and high")
        return self


class Entry(BaseModel):
    """One row.

    Attributes
    ----------
    name
        Of the recipe, in small letters, digits and underscores.
    by, source
        Who measured it, and where it can be read up or repeated.
    kind
        What the cloud trains on: "ciphers", or "sums" of a private round.
    data
        "cifar10", "cifar100", or the name of another set.
    scheme, fields
        As in a manifest.
    model, adapter, epochs, device
        What was trained, on what; adapter "none" where nothing stands before the net.
    moved
        Whether pictures were shifted or mirrored for training.
    accuracies
        In percent on the test pictures, each run's, all that there were.
    images
        How many test pictures.
    attacked
        What attacks recovered; left out for a scheme that ships.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["imveil-row/1"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,59}$")]
    by: Words
    source: Words
    kind: Literal["ciphers", "sums"] = "ciphers"
    data: Annotated[str, Field(pattern=r"^[a-z][a-z0-9 -]{1,39}$")]
    scheme: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}/[0-9]{1,3}$")]
    fields: dict[str, bool | int | float | str] = {}
    key_scope: Literal["dataset", "image"] = "dataset"
    model: Words
    adapter: Words = "none"
    device: Literal["cpu", "cuda"]
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    moved: bool
    accuracies: Annotated[list[Percent], Field(min_length=1, max_length=100)]
    images: Annotated[int, Field(ge=100)]
    attacked: Attacked | None = None

    @model_validator(mode="after")
    def _attacked_or_known(self) -> Self:
        ships = self.scheme in schemes.names()
        if ships and self.attacked is not None:
            raise ValueError(f"{self.scheme} ships, so the records say what attacks recover; leave attacked out")
        if not ships and self.attacked is None:
            raise ValueError(f"{self.scheme} does not ship: say in attacked what attacks recovered")
        if ships:
            try:
                schemes.known(self.scheme, **self.fields)
            except ImveilError as error:
                raise ValueError(error.message) from error
        return self


def read_entry(path: Path) -> Entry:
    """The row in a file. Raises BadSource, with the first thing that is wrong, for a file that holds none."""
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise BadSource(f"{path} cannot be read: {error.strerror}") from error
    if len(text) > LONGEST:
        raise BadSource(f"{path} is larger than a row can be, {LONGEST:,} bytes")
    try:
        page: Any = json.loads(text)
        return Entry.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the row"
        del page
        raise BadSource(f"{path.name} is no row of the leaderboard: {where}: {first['msg']}", hint=HINT) from error
    except (ValueError, RecursionError) as error:
        raise BadSource(f"{path.name} is no JSON", hint=HINT) from error


HINT = "CONTRIBUTING.md says what a row is"


def entries() -> list[Entry]:
    """The rows that lie beside the records, by name. Raises BadSource for one that is none, or a name that is there
    twice."""
    found = [read_entry(file) for file in sorted((record.folder() / FOLDER).glob("*.json"))]
    twice = {one.name for one in found if sum(other.name == one.name for other in found) > 1}
    if twice:
        raise BadSource(f"rows are called {', '.join(sorted(twice))} twice")
    return found

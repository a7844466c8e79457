"""A round: what several owners agree on before any of them sends a sum. Public, and the same file for all.

Its fingerprint is a digest of every byte that matters: owners compare it by voice, and every message carries the whole
digest. docs/spec/round.md has the format in words.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imveil.errors import BadInput, BadMessage, Refused
from imveil.store.messages import envelope
from imveil.store.messages.privacy import scale_for

KIND = "round"
MOST_PICTURES = 1 << 22  # of all owners: beyond, a sum could leave what the check of a blind total covers
_HEX = r"^[0-9a-f]{64}$"
_RECIPIENT = Annotated[str, Field(pattern=r"^imveil-to-[a-z2-7]{64}$")]
_CLASS = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Encoder(_Strict):
    """The frozen encoder, by name and by SHA-256 of its weights. width: numbers a picture."""

    name: str = Field(min_length=1, max_length=200)
    weights: str = Field(pattern=_HEX)
    width: int = Field(ge=1, le=1 << 16)


class Projection(_Strict):
    """From the encoder's numbers to `dim` of them. kind: "pca" (a public one that imveil ships, its axes half
    whitened), "orthogonal" (drawn from the seed) or "none".   digest: SHA-256 of what was shipped, or the seed, 64 hex
    digits."""

    kind: Literal["pca", "orthogonal", "none"]
    digest: str = Field(pattern=_HEX)


class Features(_Strict):
    """From a picture to whole numbers: what a round and a head must agree on. docs/private.md has each number's reason.

    Attributes
    ----------
    dim
        Numbers of a picture, beside the constant `bias`.
    bits
        Each is a multiple of 2^-bits.
    """

    encoder: Encoder
    projection: Projection
    dim: int = Field(ge=2, le=4096)
    bias: float = Field(default=0.3, gt=0, lt=1)
    bits: int = Field(default=12, ge=8, le=12)


class Privacy(_Strict):
    """Differential privacy of a round, all its steps together.

    Attributes
    ----------
    unit
        What comes or goes, a picture or a person with at most `most` pictures.
    trust
        "masks", where owners share the noise, of whom `colluding` may pool what they know; or "nobody", where each adds
        all of it.
    weight
        Share of the second moments in a release, 0 to 1.
    """

    epsilon: float
    delta: float
    unit: Literal["picture", "person"] = "picture"
    most: int = Field(default=1, ge=1, le=10_000)
    trust: Literal["masks", "nobody"] = "masks"
    colluding: int = Field(default=0, ge=0, le=999)
    weight: float = Field(default=0.8, gt=0, lt=1)


class Round(Features):
    """What owners agree on.

    Attributes
    ----------
    id
        16 random bytes.
    method
        What step 0 sums, second moments ("sums") or a gradient; later steps are gradients.
    told
        Without privacy, that totals tell who is in them was accepted.
    least, least_class
        Pictures of an owner, and of a class at an owner unless it has none.
    about
        Pictures of all owners together, as far as they say so in public.
    small
        Fewer than five pictures a number were accepted.
    steps
        How many are planned, which the privacy covers.
    step, parent, head
        Which one this is, the digest of step 0, and the digest of the head that a gradient is taken at ("" where it is
        all zeros).
    group
        The shared secret of a blind round, sealed for each owner.
    """

    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    classes: list[_CLASS] = Field(min_length=2, max_length=1000)
    method: Literal["sums", "gradient"] = "sums"
    owners: list[_RECIPIENT] = Field(min_length=1, max_length=1000)
    privacy: Privacy | None = None
    told: bool = False
    least: int = Field(ge=1)
    least_class: int = Field(default=20, ge=1)
    about: int = Field(ge=1, le=MOST_PICTURES)
    small: bool = False
    steps: int = Field(default=1, ge=1, le=10_000)
    step: int = Field(default=0, ge=0)
    parent: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    head: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    group: str = ""

    @property
    def digest(self) -> bytes:
        """32 bytes that every message of this round carries and every mask depends on."""
        return hashlib.sha256(self.to_bytes()).digest()

    @property
    def first(self) -> bytes:
        """The digest of step 0: what all steps of one study have in common."""
        return bytes.fromhex(self.parent) if self.parent else self.digest

    @property
    def fingerprint(self) -> str:
        """What owners read to each other: 160 bits of the digest, eight groups of four."""
        name = base64.b32encode(self.digest[:20]).decode().lower()
        return "-".join(name[i : i + 4] for i in range(0, 32, 4))

    @property
    def blind(self) -> bool:
        """Whether only owners can read the total."""
        return bool(self.group)

    @property
    def features(self) -> Features:
        """How its owners make numbers of pictures."""
        return Features(**{name: getattr(self, name) for name in Features.model_fields})

    @property
    def gradient(self) -> bool:
        """Whether this step sums a gradient, not moments."""
        return self.method == "gradient" or self.step > 0

    @property
    def scale(self) -> float:
        """The noise of a release as a multiple of one picture's most; 0 without privacy."""
        if self.privacy is None:
            return 0.0
        rows = self.dim + 1
        numbers = rows * (rows + 1) // 2 + rows * len(self.classes)
        each = scale_for(self.privacy.epsilon, self.privacy.delta, 2.0**36, numbers, self.steps)
        return each * self.privacy.most

    @property
    def mu(self) -> float:
        """What one step gives away of a unit (picture or person), as the mu of Gaussian privacy; infinite without."""
        return self.privacy.most / self.scale if self.privacy else float("inf")

    def to_bytes(self) -> bytes:
        """The bytes of its file."""
        return envelope.pack(KIND, self.model_dump(mode="json"))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "the round") -> Round:
        """The round in a file's bytes. Raises BadMessage for one that is altered, foreign, or makes no sense."""
        facts = envelope.unpack(data, KIND, name).facts
        try:
            found = cls.model_validate(facts)
            found.check()
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise BadMessage(f"{name} is malformed at {place}: {first['msg']}") from error
        except (BadInput, Refused) as error:
            raise BadMessage(f"{name} cannot be: {error.message}") from error
        if found.to_bytes() != data:
            raise BadMessage(f"{name} is not as imveil writes it")
        return found

    @classmethod
    def read(cls, path: Path | str) -> Round:
        """The round in a file. Raises BadMessage."""
        return cls.from_bytes(envelope.read(path, 1 << 22), str(path))

    def check(self) -> None:
        """Raise BadInput or Refused for numbers that do not go together."""
        if len(set(self.owners)) != len(self.owners):
            raise BadInput("an owner comes twice in the round")
        if self.owners != sorted(self.owners):
            raise BadInput("the owners of a round are sorted")
        if len(set(self.classes)) != len(self.classes):
            raise BadInput("a class comes twice in the round")
        if any(not name.isprintable() or "/" in name for name in self.classes):
            raise BadInput("names of classes are printable and have no slash")
        if self.projection.kind == "none" and self.dim != self.encoder.width:
            raise BadInput(f"without a projection dim is the encoder's {self.encoder.width}, not {self.dim}")
        if self.dim > self.encoder.width:
            raise BadInput(f"the encoder gives {self.encoder.width} numbers a picture, dim {self.dim} is more")
        self._check_privacy()
        if not self.small and len(self.owners) * self.least < 5 * self.dim:
            raise Refused(
                f"{len(self.owners)} owners with at least {self.least} pictures each are fewer than 5 for each of "
                f"{self.dim} numbers: such a sum may name its pictures",
                hint=f"raise least to {-(-5 * self.dim // len(self.owners))}, lower dim, or accept it with --small",
            )
        if (self.step > 0) != bool(self.parent) or (self.gradient and self.step > 0) != bool(self.head):
            raise BadInput("a later step names step 0 and its head; step 0 names neither")

    def _check_privacy(self) -> None:
        if (self.step >= self.steps) and self.privacy:
            raise Refused(f"the round's privacy was planned for {self.steps} steps, this is step {self.step + 1}")
        if self.privacy is None:
            if not self.told:
                raise Refused(
                    "without epsilon the total tells who is in it",
                    hint="give --epsilon, or accept it with --totals-tell-who-is-in-them",
                )
            if len(self.owners) == 1 and not self.told:
                raise Refused("one owner has no masks")
            return
        if self.privacy.unit == "picture" and self.privacy.most != 1:
            raise BadInput("most is for --unit person: a picture counts once")
        if self.privacy.trust == "masks" and self.privacy.colluding >= len(self.owners):
            raise BadInput(f"of {len(self.owners)} owners at most {len(self.owners) - 1} may be expected to collude")
        self.scale  # noqa: B018 - raises for an epsilon or delta that nothing can be promised for


def new_id() -> str:
    """16 random bytes as hex."""
    return secrets.token_hex(16)


def described(round_: Round) -> list[tuple[str, str]]:
    """A round in words: (what, its value), a line each, with what leaks."""
    p = round_.privacy
    lines: list[tuple[str, Any]] = [
        ("round", f"{round_.fingerprint}, step {round_.step + 1} of {round_.steps}"),
        ("classes", ", ".join(round_.classes)),
        ("encoder", f"{round_.encoder.name}, weights {round_.encoder.weights[:16]}"),
        ("numbers", f"{round_.dim} of {round_.encoder.width} by {round_.projection.kind}, {round_.bits} bits each"),
        ("owners", f"{len(round_.owners)}, at least {round_.least} pictures each, {round_.least_class} of a class"),
    ]
    lines += [("", owner) for owner in round_.owners]
    if p:
        most = "" if p.unit == "picture" else f" with at most {p.most} pictures"
        alone, shared = "each owner adds all of the noise", f"owners share it, {p.colluding} may collude"
        how = alone if p.trust == "nobody" else shared
        lines.append(("privacy", f"epsilon {p.epsilon:g}, delta {p.delta:g} for a {p.unit}{most}; {how}"))
    else:
        lines.append(("privacy", "none: whoever has the total can tell which pictures are in it"))
    reads = "only owners can read the total" if round_.blind else "the cloud reads the total, and no single sum"
    if len(round_.owners) == 1:
        reads = "one owner has no masks: whoever has the sum reads it"
    lines.append(("leaks", f"{reads}; who takes part, and when, is seen"))
    lines.append(("compare", f"read {round_.fingerprint} to the other owners before you send anything"))
    return [(what, re.sub(r"\s+", " ", str(text))) for what, text in lines]

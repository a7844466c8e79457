"""View, Attack, Guess: what an attacker holds, what it does, what it claims. No view carries the key.

An attack is a class with an `id`, in a file of `attacks/`. It says what it needs, gets a View with just that, and
returns a Guess, which is always pictures of the targets. It sees `plans/`, never `keys/`; the referee in `audit/game`
scores.
"""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, final

import numpy as np
import numpy.typing as npt

from imveil.errors import BadInput, BadShape
from imveil.plans.plan import Plan

Images = npt.NDArray[Any]
U8 = npt.NDArray[np.uint8]

ViewName = Literal["coa", "kpa", "cpa"]  # cipher images only, known pictures, chosen pictures
NEEDS = frozenset({"ciphers", "pairs", "other_pairs", "oracle", "public", "gallery", "simulate"})


class Oracle:
    """Encrypts what the attacker chooses, under the key of the targets, and counts. images: (n, h, w, c) uint8."""

    def __init__(self, encrypt: Callable[[U8], Images], limit: int | None = None) -> None:
        self._encrypt, self._limit = encrypt, limit
        self.queries = 0

    def __call__(self, images: U8) -> Images:
        """Cipher images of `images`; BadInput when the attacker has used up his queries."""
        if self._limit is not None and self.queries + len(images) > self._limit:
            raise BadInput(f"the oracle answers {self._limit} queries, {self.queries + len(images)} were asked")
        self.queries += len(images)
        return self._encrypt(images)


@dataclass(frozen=True)
class View:
    """What the attacker holds.

    Attributes
    ----------
    targets
        Cipher images whose pictures are wanted, (n, h, w, c).
    shape
        Of a plain picture (h, w, c).
    scheme, fields
        The public description, None where nobody said what it is.
    ciphers
        Further cipher images under the same key.
    pairs
        Known pictures and their cipher images, under the same key.
    other_pairs
        The like, of another size than the targets, all of one.
    oracle
        Cipher images of chosen pictures.
    public
        Plain pictures of the same kind, none of them a target.
    gallery
        Plain candidates, among them the targets.
    simulate
        Encrypts pictures under a fresh key of the attacker's own, each call another key.
    """

    targets: Images
    shape: tuple[int, int, int]
    scheme: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    ciphers: Images | None = None
    pairs: tuple[U8, Images] | None = None
    other_pairs: tuple[U8, Images] | None = None
    oracle: Oracle | None = None
    public: U8 | None = None
    gallery: U8 | None = None
    simulate: Callable[[U8], Images] | None = None


@dataclass(frozen=True)
class Guess:
    """What the attacker claims. images: pictures of the targets, (n, h, w, c) uint8; plan: the plan behind the
    cipher, where the attack recovers one; notes: numbers worth a line in a report (ratios, signs, bits), by name;
    says: what it takes the encryption for, in words, where it worked that out."""

    images: U8
    plan: Plan | None = None
    notes: Mapping[str, float] = field(default_factory=dict)
    says: str = ""

    def checked(self, view: View) -> Guess:
        """Itself; BadShape for pictures that are not pictures of the targets: an error, never a score."""
        want = (len(view.targets), *view.shape)
        if not isinstance(self.images, np.ndarray) or self.images.shape != want or self.images.dtype != np.uint8:
            came = f"{getattr(self.images, 'dtype', '')} {getattr(self.images, 'shape', type(self.images).__name__)}"
            raise BadShape(f"a guess is uint8 {want}, the attack returned {came}")
        return self


class Attack(ABC):
    """One way to get pictures back. Subclasses write `guess`, and say:

    The docstring, of the class or of its module where that holds one attack, opens with "id: " and says how it works.

    Attributes
    ----------
    id
        The name.
    needs
        Which parts of a View beside the targets, of `NEEDS`.
    paper
        Where it is published, or "ours".
    steps
        How many steps it takes by default; 0 where it takes none.
    seconds_a_step
        On one core, for pictures of 32x32x3, roughly: an audit turns seconds into steps with it.
    slow
        Whether each picture is a search of its own; an audit plays such attacks after the quick ones.
    local
        Whether it works on any crop of the images as on the whole, so that large ones may be cut down.
    smooths
        Whether it makes anything smoother, as who chooses among signs does: where nobody has the true pictures, what
        comes out has to be much smoother than what went in.
    finds_key
        Whether what it finds opens any further image as the key does, or, of a scheme that loses something, as far.
    any_kind
        Whether it reads cipher images that are no bytes: uint16 or float32.
    decides
        With so many cipher images or known pictures it shows what it can; an audit plays that first.
    """

    id: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    paper: ClassVar[str]
    steps: ClassVar[int] = 0
    seconds_a_step: ClassVar[float] = 0.0
    slow: ClassVar[bool] = False
    local: ClassVar[bool] = False
    smooths: ClassVar[bool] = False
    finds_key: ClassVar[bool] = False
    any_kind: ClassVar[bool] = False
    decides: ClassVar[int] = 100

    @classmethod
    def about(cls) -> str:
        """How it works: the docstring of the class where that opens with the id, else that of its module."""
        texts = [inspect.cleandoc(text or "") for text in (cls.__doc__, sys.modules[cls.__module__].__doc__)]
        return next((text for text in texts if text.startswith(f"{cls.id}: ")), "").removeprefix(f"{cls.id}: ")

    @property
    def view(self) -> ViewName:
        """The weakest view in which it can be played: "coa", "kpa" or "cpa".

        >>> from imveil import attacks
        >>> attacks.find("fold").view, attacks.find("known-plan").view, attacks.find("chosen-plan").view
        ('coa', 'kpa', 'cpa')
        """
        return "cpa" if "oracle" in self.needs else "kpa" if self.needs & {"pairs", "other_pairs"} else "coa"

    def unfit(self, scheme: Any, shape: tuple[int, ...] | None = None) -> str:
        """Why the attack cannot work against this scheme (a Scheme), in a few words; "" where it can.

        shape: of pictures (h, w, c), where that matters; None: any. The base has nothing against anything.
        """
        del scheme, shape
        return ""

    def suits(self, scheme: Any) -> bool:
        """Whether the attack makes sense against this scheme (a Scheme): whether `unfit` has no reason against it."""
        return not self.unfit(scheme)

    def seconds_a_picture(self, shape: tuple[int, ...]) -> float:
        """How long one target takes on one core, roughly: an audit turns seconds into targets with it. 0: no time that
        matters."""
        del shape
        return 0.0

    def seconds_before(self, shape: tuple[int, ...]) -> float:
        """How long it works on one core before the first target, roughly, where that is long: an audit does not begin
        what has no room."""
        del shape
        return 0.0

    @final
    def run(self, view: View, rng: np.random.Generator | None = None, steps: int | None = None) -> Guess:
        """Pictures of `view.targets`.

        Parameters
        ----------
        view
            What the attacker holds; what the attack `needs` must be there.
        rng
            The same rng gives the same guess; None: numpy's, seeded with 0.
        steps
            How many steps it may take; None: `self.steps`.

        Raises
        ------
        BadInput, where the view lacks something; MissingExtra, for an attack whose libraries are not installed.

        >>> from imveil import attacks
        >>> attacks.find("look").run(View(targets=np.zeros((1, 2, 2, 1), np.uint8), shape=(2, 2, 1))).images.shape
        (1, 2, 2, 1)
        """
        if not isinstance(view, View):
            raise BadInput(
                f"the attack {self.id} needs a View, {type(view).__name__} came",
                hint="give View(targets=cipher images, shape=(h, w, c), ...)",
            )
        missing = sorted(name for name in self.needs if getattr(view, name) is None)
        if missing:
            raise BadInput(f"the attack {self.id} needs {', '.join(missing)}", hint=f"give View({missing[0]}=...)")
        rng = np.random.default_rng(0) if rng is None else rng
        return self.guess(view, rng, self.steps if steps is None else steps).checked(view)

    @abstractmethod
    def guess(self, view: View, rng: np.random.Generator, steps: int) -> Guess:
        """What `run` gives. Deterministic given rng; must return a guess even where it finds nothing."""


def blank(view: View) -> U8:
    """Grey pictures of the targets: what an attack returns when it found nothing. (n, h, w, c) uint8."""
    return np.full((len(view.targets), *view.shape), 128, np.uint8)


def fitted(images: Images, view: View) -> U8:
    """`images` where they can be pictures of the targets as they are (uint8, right shape), grey ones where not."""
    return images if images.shape[1:] == view.shape and images.dtype == np.uint8 else blank(view)

"""Audit of a folder of cipher images: no key, no scheme named, and no true pictures unless somebody gives them.

Without the truth the measure is smoothness. An attack works out what it can from most of the images and is asked for
the pictures of those held out; these count as recovered when their total variation is below that of 99 % of what the
same attack makes of random bytes of that shape. Neighbouring pixels of pictures are alike, random bytes are not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from imveil.attacks.base import U8, Guess, View
from imveil.audit.campaign import METRIC_IMAGES, SEEDS, SHOWN, Watch, campaign
from imveil.audit.finding import Finding
from imveil.audit.game.scoring import score
from imveil.audit.game.split import Split, middle
from imveil.audit.identify import BY_ITS_WORDS, looks_like, whole
from imveil.audit.ladder import RUNGS, core_of
from imveil.audit.leaks import alike, different, leaks, total_variation
from imveil.audit.pictures import OneSize, of_one_size
from imveil.audit.result import Audit
from imveil.audit.statistics import measured_ciphers
from imveil.audit.trials import Skipped, Trial, cut_down, hinted, measured_slowness, plan
from imveil.errors import BadImage, BadSource, StoreProblem
from imveil.interval import seconds, wilson
from imveil.record import digest_of, measured
from imveil.store.containers.base import Packed
from imveil.store.manifest import FILE as MANIFEST

LEAST = 4  # images: with fewer nothing can be held out
MOST = 2000
_MOST_BYTES = 1 << 30
_NOISE = 200
_CHANCE = 0.01  # of random images pass for smooth
_ALIKE = 0.9  # images no smoother than their own pixels in disorder are dark or pale, and no pictures
_MUCH = 0.5  # as alike as before, at most, are neighbours in pictures that an attack made which smooths anything
_SURE = 0.001  # a count of smooth images that chance gives more often than this proves nothing


@dataclass(frozen=True)
class Folder:
    """Cipher images of one size, (n, h, w, c), the paths they came from, and what was left out, in sentences.

    raw: the images themselves where they are no bytes, uint16 or float32; `images` are then their ranks, to look at."""

    path: Path
    images: U8
    names: list[str]
    notes: list[str] = field(default_factory=list)
    raw: Any = None


def read_folder(path: Path) -> Folder:
    """The pictures below `path`, or the images of the cipher data set that it holds in another form; those of the most
    common size, `MOST` of them at most.

    Broken files and other sizes are left out and told. Raises BadSource where there are fewer than `LEAST`.
    """
    from imveil.owner.picture import read_picture

    if not path.is_dir():
        raise BadSource(f"a folder of cipher images was needed, {path} is none")
    files = _pictures(path)
    if files:
        found = of_one_size(files, lambda file: read_picture(file).pixels, MOST, _MOST_BYTES)
        names, count = [file.relative_to(path).as_posix() for file in found.items], len(files)
    elif next(path.rglob(MANIFEST), None) is not None:
        found, count = images_of_set(path, MOST)
        names = [name for name, _ in found.items]
    else:
        raise BadSource(f"{path} holds no pictures", hint="name a folder of cipher images, or of a cipher data set")
    broken, images, what = found.broken, found.images, "file" if files else "image"
    notes = [] if found.whole else [f"Of {count:,} {what}s the first {len(images) + found.others:,} were read."]
    if broken:
        files_were = f"One {what}" if len(broken) == 1 else f"{len(broken):,} {what}s"
        notes.append(f"{files_were} could not be read; the first: {broken[0]}.")
    if not images:
        raise BadSource(f"none of the {count} pictures in {path} can be read; the first: {broken[0]}")
    if found.others:
        size = "x".join(map(str, images[0].shape))
        notes.append(f"Sizes are mixed: the {len(images):,} of {size} were taken, {found.others:,} others were not.")
    if len(images) < LEAST:
        raise BadSource(
            f"{path} holds {len(images)} pictures of one size, at least {LEAST} are needed to hold some out",
            hint="give more cipher images of one size; thirty or more make firm answers",
        )
    whole_set = np.stack(images)
    if whole_set.dtype == np.uint8:
        return Folder(path, whole_set, names, notes)
    notes.append(f"The images are {whole_set.dtype}, no bytes: only attacks that read such were played.")
    return Folder(path, _ranks(whole_set), names, notes, whole_set)


def images_of_set(path: Path, most: int) -> tuple[OneSize, int]:
    """Of the cipher data set in `path`, in any form, the images of the most common size, `most` of them at most, each
    item with its name first; and how many there are in all. Raises BadManifest, BadShard."""
    from imveil.store.joined import open_sets

    cipher_set = open_sets(path)
    manifest = cipher_set.manifest

    def images() -> Iterator[tuple[str, Packed | StoreProblem]]:
        for number in range(len(manifest.shards)):
            opened = cipher_set.opened(number)
            yield from zip((line.path for line in opened.lines), opened.read(opened.lines), strict=True)

    return of_one_size(images(), _image, most, _MOST_BYTES), sum(manifest.splits.values())


def _image(named: tuple[str, Packed | StoreProblem]) -> Any:
    if isinstance(named[1], StoreProblem):
        raise BadImage(named[1].message)
    return named[1].image


def _ranks(images: Any) -> U8:
    """Values as bytes, by how many are smaller."""
    edges = np.quantile(images[:_NOISE], np.linspace(0, 1, 257)[1:-1])
    ranks: U8 = np.searchsorted(edges, images, side="right").astype(np.uint8)
    return ranks


def read_truth(folder: Folder, truth: Path) -> tuple[list[int], U8, list[str]]:
    """The true pictures in `truth`, paired by name (endings aside): rows of the folder, their pictures (n, h, w, c),
    and what does not pair, in sentences. Raises BadSource where fewer than two pair, or sizes differ."""
    from imveil.owner.picture import read_picture

    if not truth.is_dir():
        raise BadSource(f"a folder of true pictures was needed, {truth} is none")
    known = {f.relative_to(truth).with_suffix("").as_posix(): f for f in _pictures(truth)}
    stems = [Path(name).with_suffix("").as_posix() for name in folder.names]
    rows = [i for i, stem in enumerate(stems) if stem in known]
    missing = [name for name, stem in zip(folder.names, stems, strict=True) if stem not in known]
    notes = []
    if missing:
        lost = f"{len(missing):,} of {len(stems):,} cipher images have no true picture of their name in {truth}"
        if len(rows) < 2:
            raise BadSource(
                f"{lost}, such as {missing[0]}",
                hint="encrypt with the names kept, so that they pair, or leave the truth out",
            )
        notes.append(f"{lost}, such as {missing[0]}: they were attacked, and not compared.")
    pictures = [read_picture(known[stems[i]]).pixels for i in rows]
    shape = folder.images.shape[1:]
    other = next((i for i, picture in enumerate(pictures) if picture.shape != shape), None)
    if other is not None:
        raise BadSource(f"{known[stems[rows[other]]]} is {pictures[other].shape}, its cipher image is {shape}")
    return rows, np.stack(pictures), notes


def read_public(folder: Folder, public: str) -> U8:
    """Plain pictures of any source, (n, h, w, c). Raises BadSource where they are not of the size of the folder's."""
    from imveil.audit.pictures import read_pictures

    pictures = read_pictures(public).images
    if pictures.shape[1:] != folder.images.shape[1:]:
        ours, theirs = ("x".join(map(str, some.shape[1:])) for some in (folder.images, pictures))
        raise BadSource(
            f"public pictures of {ours} were needed, as the cipher images are; those of {public} are {theirs}",
            hint="resize them, or leave them out",
        )
    return pictures


def _pictures(path: Path) -> list[Path]:
    from imveil.owner.picture import SUFFIXES

    return sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())


def audit_folder(
    folder: Folder | str | Path,
    *,
    truth: str | Path | None = None,
    public: str | Path | None = None,
    budget: str | float = 120.0,
    seeds: int = SEEDS,
    spent: float = 0.0,
    progress: Watch | None = None,
) -> Audit:
    """Attack the images of a folder with everything that needs cipher images alone. No key and no scheme is needed.

    Parameters
    ----------
    folder
        A folder of cipher images, or a cipher data set in any form; or what `read_folder` gave.
    truth
        A folder with the true pictures under the same names (cipher images that were encrypted with their names kept);
        then recovery is scored as in any audit, on those that pair.
    public
        Plain pictures of the same kind and size that the attacker knows: a folder, a .npz file, "cifar10", "cifar100".
        Attacks that learn from such pictures are played too.
    budget, seeds, spent, progress
        As in `audit`, and so is Ctrl-C; other seeds hold out other images.

    Raises
    ------
    BadSource, where there are too few pictures, the true ones do not pair, or the public ones are of another size.
    """
    folder, budget = folder if isinstance(folder, Folder) else read_folder(Path(folder)), seconds(budget)
    images = folder.images
    paired = None if truth is None else read_truth(folder, Path(truth))
    known = None if public is None else read_public(folder, str(public))
    began = time.monotonic()
    h, w, c = (int(d) for d in images.shape[1:])
    found = Audit(str(folder.path), f"{len(images):,} images of {w}x{h}", ("coa",), budget, truth=paired is not None)
    found.notes += folder.notes + (paired[2] if paired else [])
    found.leaks = leaks(images)
    once = different(images)
    if len(once) < LEAST:
        found.void = f"There are {len(once)} different images among the {len(images):,}: too few to hold some out"
    elif len(once) < len(images) and paired is None and folder.raw is None:
        found.notes.append(f"{len(images) - len(once):,} of the images are copies of others and were left out.")
        images = once
    trials, _ = plan(len(images), (h, w, c), ("coa",), budget, None, fresh=False, slowness=measured_slowness())
    given = {"ciphers"} if known is None else {"ciphers", "public"}
    playable = hinted([t for t in trials if t.attack.needs <= given], found.leaks)
    found.core = {RUNGS[0].name: core_of(RUNGS[0], [t.attack for t in playable])}
    bytes_only = {t.attack.id for t in playable if folder.raw is not None and not t.attack.any_kind}
    playable = [t for t in playable if t.attack.id not in bytes_only]
    found.notes += cut_down(playable)
    more = f"needs more than {' and '.join(sorted(given)).replace('ciphers', 'cipher images')}"
    found.skipped = [
        Skipped(name, f"reads bytes, these are {folder.raw.dtype}" if name in bytes_only else more)
        for name in sorted({t.attack.id for t in trials} - {t.attack.id for t in playable})
    ]
    seen = Seen(images, images if folder.raw is None else folder.raw, known)

    def play(trial: Trial, seed: int) -> Finding:
        if paired is None:
            return _smooth(trial, seen, seed)
        return _compared(trial, seen, np.array(paired[0]), paired[1], seed)

    if not found.void:
        campaign(
            found, playable, play, lambda: measured_ciphers(images[:METRIC_IMAGES]),
            seeds=seeds, end=began + budget - spent, progress=progress,
        )  # fmt: skip
    facts = {f.trial.attack.id: f.records[0].facts["found"] for f in found.findings if f.low >= 0.05}
    worked = {attack: (one["alike"], one["roughness"]) for attack, one in facts.items()}
    told = (f.records[0].facts["found"]["says"] for f in found.findings if f.trial.attack.id == BY_ITS_WORDS)
    found.resembles = looks_like(images, worked, next(filter(None, told), ""))
    found.notes.append(f"What it looks like: {found.resembles}.")
    found.seconds = time.monotonic() - began
    return found


@dataclass(frozen=True)
class Seen:
    """Cipher images (n, h, w, c) to look at; what attacks are given of them; public pictures, where there are any."""

    images: U8
    given: Any
    public: U8 | None

    def cropped(self, side: int) -> Seen:
        """The middle of all of them; 0: whole."""
        if not side:
            return self
        public = None if self.public is None else middle(self.public, side)
        return Seen(middle(self.images, side), middle(self.given, side), public)

    def noise(self, count: int, rng: np.random.Generator) -> Any:
        """Random images of the kind: bytes, or values of these images in disorder."""
        shape = (count, *self.images.shape[1:])
        if self.given.dtype == np.uint8:
            return rng.integers(0, 256, shape, np.uint8)
        return rng.choice(self.given[:_NOISE].ravel(), shape)

    def guess(self, trial: Trial, targets: Any, ciphers: Any, seed: int) -> Guess:
        """What an attack makes of these; of images that are no bytes, and that it does nothing to, these themselves."""
        h, w, c = (int(d) for d in targets.shape[1:])
        needs = trial.attack.needs
        known = self.public[: trial.terms.public] if self.public is not None and "public" in needs else None
        view = View(targets, (h, w, c), ciphers=ciphers if "ciphers" in needs else None, public=known)
        made = trial.attack.run(view, np.random.default_rng([seed, 4]), trial.steps)
        blank = targets.dtype != np.uint8 and np.ptp(made.images) == 0
        return replace(made, images=_ranks(targets)) if blank else made


def _smooth(trial: Trial, seen: Seen, seed: int) -> Finding:
    """Recovery without the truth: how many held-out images come out smoother than random ones do."""
    seen = seen.cropped(trial.terms.crop)
    held, images = trial.terms.targets, seen.images
    order = np.random.default_rng([seed, 8]).permutation(len(images))
    taken, others = order[:held], order[held:][: trial.strength or None]
    targets = images[taken]
    start = time.perf_counter()
    made = seen.guess(trial, seen.given[taken], seen.given[others], seed)
    guess, took = made.images, time.perf_counter() - start
    rng = np.random.default_rng([seed, 9])
    # Large images are their own crowd: fewer random ones will do, and time is short; so it is for slow attacks.
    count = held if trial.attack.slow else max(held, min(_NOISE, (1 << 24) // images[0].nbytes))
    noise, more = seen.noise(count, rng), seen.noise(len(others), rng)
    limit = float(np.quantile(total_variation(seen.guess(trial, noise, more, seed).images), _CHANCE))
    right = int((total_variation(guess) < limit).sum())
    low, high = wilson(right, held)
    found: dict[str, Any] = {"smooth": right, "limit": round(limit, 3), "control": {"recovery": _CHANCE, "low": 0.0}}
    much = not trial.attack.smooths or alike(guess) < _MUCH * alike(targets)
    found |= {"pictures": much and whole(guess, targets, believed=bool(made.says)), "says": made.says}
    numbers = {
        "value": round(right / held, 6),
        "low": round(low, 6) if _by_chance(right, held) < _SURE and alike(guess) < _ALIKE else 0.0,
        "high": round(high, 6),
        "unit": "of held-out images smoother than 99 % of random ones",
    }
    return _finding(trial, None, targets, guess, len(others), seed, took, numbers, found)


def _compared(trial: Trial, seen: Seen, rows: Any, true: U8, seed: int) -> Finding:
    """Recovery as the referee scores it. true: the pictures of the images at `rows`; targets are among these."""
    seen, true = seen.cropped(trial.terms.crop), middle(true, trial.terms.crop) if trial.terms.crop else true
    rng = np.random.default_rng([seed, 8])
    order, held = rng.permutation(len(rows)), min(trial.terms.targets, len(rows) // 2)
    taken = rows[order[:held]]
    others = rng.permutation(np.setdiff1d(np.arange(len(seen.images)), taken))[: trial.strength or None]
    start = time.perf_counter()
    made = seen.guess(trial, seen.given[taken], seen.given[others], seed)
    guess, took = made.images, time.perf_counter() - start
    noise, more = (seen.noise(len(some), rng) for some in (taken, others))
    hidden, rest = true[order[:held]], true[order[held:]]
    split = Split(hidden, rest[:0], rest[:0], rest, true[order], np.arange(held), rest[:0])
    got, control = score(split, guess, seed), score(split, seen.guess(trial, noise, more, seed).images, seed)
    numbers = {
        "value": got.recovery,
        "low": got.low,
        "high": got.high,
        "unit": "of the way from the best blind guess to the picture",
    }
    found = {**vars(got), "control": vars(control), "says": made.says}
    return _finding(trial, hidden, seen.images[taken], guess, len(others), seed, took, numbers, found)


def _finding(
    trial: Trial, truth: U8 | None, targets: U8, guess: U8, ciphers: int, seed: int, took: float,
    numbers: dict[str, Any], found: dict[str, Any],
) -> Finding:  # fmt: skip
    setting: dict[str, Any] = {
        "attack": trial.attack.id,
        "needs": sorted(trial.attack.needs),
        "scheme": None,
        "fields": {},
        "data": "a folder",
        "shape": list(targets.shape[1:]),
        "ciphers": ciphers,
        "steps": trial.steps,
    }
    found |= {"alike": round(alike(guess), 4), "roughness": round(float(total_variation(guess).mean()), 3)}
    record = measured(
        kind="recovery",
        name=trial.attack.id,
        digest=digest_of(setting),
        facts={**setting, "found": found},
        seed=seed,
        n=len(targets),
        seconds=round(took, 3),
        **numbers,
    )
    some = slice(SHOWN)
    return Finding(trial, [record], None if truth is None else truth[some], targets[some], guess[some])


def _by_chance(right: int, n: int) -> float:
    """How likely this many of n images pass for smooth by chance.

    >>> round(_by_chance(1, 1), 4), round(_by_chance(2, 2), 6)
    (0.01, 0.0001)
    """
    return sum(math.comb(n, k) * _CHANCE**k * (1 - _CHANCE) ** (n - k) for k in range(right, n + 1))

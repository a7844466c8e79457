"""Audit of a folder of cipher images: no key, no scheme named, and no true pictures unless somebody gives them.

Without the truth the measure is smoothness. An attack works out what it can from most of the images and is asked for
the pictures of those held out; these count as recovered when their total variation is below that of 99 % of what the
same attack makes of random bytes of that shape. Neighbouring pixels of pictures are alike, random bytes are not.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from imveil.cloud.interval import wilson
from imveil.errors import BadImage, BadSource
from imveil.lab.attack import U8, View
from imveil.lab.audit import METRIC_IMAGES, SHOWN, Audit, Finding, Watch
from imveil.lab.deal import Dealt
from imveil.lab.measure import measured_ciphers
from imveil.lab.record import Record, measured
from imveil.lab.score import score
from imveil.lab.trials import Skipped, Trial, plan, targets_of

LEAST = 4  # images: with fewer nothing can be held out
MOST = 2000
_MOST_BYTES = 1 << 30
_NOISE = 200


@dataclass(frozen=True)
class Folder:
    """Cipher images of one size, (n, h, w, c), the paths they came from, and what was left out, in sentences."""

    path: Path
    images: U8
    names: list[str]
    notes: list[str] = field(default_factory=list)


def read_folder(path: Path) -> Folder:
    """The pictures below `path`, those of the most common size, `MOST` of them at most.

    Broken files and other sizes are left out and told. Raises BadSource where there are fewer than `LEAST`.
    """
    from imveil.owner.images import SUFFIXES, read_picture

    if not path.is_dir():
        raise BadSource(f"a folder of cipher images was needed, {path} is none")
    files = sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
    if not files:
        raise BadSource(f"{path} holds no pictures", hint="name a folder of cipher images (PNG files)")
    sizes: dict[tuple[int, ...], list[tuple[str, U8]]] = {}
    notes, broken, total = [], [], 0
    for file in files:
        if total > _MOST_BYTES or sum(map(len, sizes.values())) >= MOST:
            notes.append(f"of {len(files):,} files the first {sum(map(len, sizes.values())):,} were read")
            break
        try:
            pixels = read_picture(file).pixels
        except BadImage as error:
            broken.append(error.message)
            continue
        sizes.setdefault(pixels.shape, []).append((file.relative_to(path).as_posix(), pixels))
        total += pixels.nbytes
    if broken:
        notes.append(f"{len(broken):,} files could not be read; the first: {broken[0]}")
    if not sizes:
        raise BadSource(f"none of the {len(files)} pictures in {path} can be read; the first: {broken[0]}")
    shape = max(sizes, key=lambda s: (len(sizes[s]), s))
    others = sum(len(found) for size, found in sizes.items() if size != shape)
    if others:
        size = "x".join(map(str, shape))
        notes.append(f"sizes are mixed: the {len(sizes[shape]):,} of {size} were taken, {others:,} others were not")
    if len(sizes[shape]) < LEAST:
        raise BadSource(
            f"{path} holds {len(sizes[shape])} pictures of one size, at least {LEAST} are needed to hold some out",
            hint="give more cipher images of one size; thirty or more make firm answers",
        )
    names, images = zip(*sizes[shape], strict=True)
    return Folder(path, np.stack(images), list(names), notes)


def audit_folder(
    folder: Folder, *, truth: Path | None = None, budget: float = 120.0, progress: Watch | None = None
) -> Audit:
    """Attack the images of a folder with everything that needs cipher images alone.

    truth: a folder with the true pictures under the same names (as `imveil encrypt --keep-names` writes them); then
    recovery is scored as in any audit. Raises BadSource where names do not pair.
    """
    began = time.monotonic()
    images = folder.images
    true = _truth(folder, truth) if truth is not None else None
    h, w, c = (int(d) for d in images.shape[1:])
    found = Audit(str(folder.path), f"{len(images):,} images of {w}x{h}", ("coa",), budget, truth=true is not None)
    found.notes += folder.notes
    order = np.random.default_rng(8).permutation(len(images))
    held = targets_of(len(images))
    trials, _ = plan(len(images), (h, w, c), ("coa",), budget, None, fresh=False)
    playable = [t for t in trials if t.attack.needs <= {"ciphers"}]
    found.skipped = [
        Skipped(name, "needs more than cipher images")
        for name in sorted({t.attack.id for t in trials} - {t.attack.id for t in playable})
    ]
    tell = progress or (lambda *_: None)
    try:
        for number, trial in enumerate(playable):
            left = budget - (time.monotonic() - began)
            if left <= 0:
                found.skipped.append(Skipped(trial.label, "no time was left in the budget"))
                continue
            tell(number, len(playable), trial.label)
            found.findings.append(_play(trial, images, order, held, true))
        found.metrics = measured_ciphers(images[:METRIC_IMAGES])
        tell(1, 1, "done")
    except KeyboardInterrupt:
        found.interrupted = True
        done = {f.trial.label for f in found.findings}
        found.skipped += [Skipped(t.label, "the audit was interrupted") for t in playable if t.label not in done]
    found.notes.append(f"What it looks like: {looks_like(images, found)}.")
    found.seconds = time.monotonic() - began
    return found


def _play(trial: Trial, images: U8, order: Any, held: int, true: U8 | None) -> Finding:
    shape = (int(images.shape[1]), int(images.shape[2]), int(images.shape[3]))
    targets, ciphers = images[order[:held]], images[order[held:][: trial.strength or None]]
    start = time.perf_counter()
    guess = _guess(trial, targets, ciphers)
    seconds = time.perf_counter() - start
    about: dict[str, Any]
    if true is None:
        rng = np.random.default_rng(9)
        # Large images are their own crowd: fewer random ones will do, and time is short; so it is for slow attacks.
        count = held if trial.attack.slow else max(held, min(_NOISE, (1 << 24) // images[0].nbytes))
        noise = rng.integers(0, 256, (count, *shape), np.uint8)
        more = rng.integers(0, 256, ciphers.shape, np.uint8)
        limit = float(np.quantile(total_variation(_guess(trial, noise, more)), 0.01))
        right = int((total_variation(guess) < limit).sum())
        low, high = wilson(right, held)
        value, about = right / held, {"smooth": right, "limit": round(limit, 3)}
        unit = "of held-out images smoother than 99 % of random ones"
    else:
        hidden = true[order[:held]]
        rest = true[order[held:]]
        seats = np.arange(held)
        got = score(Dealt(hidden, rest[:0], rest[:0], rest, true[order], seats), guess)
        value, low, high, about = got.recovery, got.low, got.high, vars(got)
        unit = "of the way from the best blind guess to the picture"
    setting: dict[str, Any] = {
        "attack": trial.attack.id,
        "needs": sorted(trial.attack.needs),
        "scheme": None,
        "fields": {},
        "data": "a folder",
        "shape": list(shape),
        "ciphers": len(ciphers),
        "steps": trial.steps,
    }
    record: Record = measured(
        kind="recovery",
        name=trial.attack.id,
        digest=hashlib.sha256(json.dumps(setting).encode()).hexdigest()[:16],
        facts={**setting, "found": about},
        seed=0,
        value=round(value, 6),
        unit=unit,
        n=held,
        low=round(low, 6),
        high=round(high, 6),
        seconds=round(seconds, 3),
    )
    some = slice(SHOWN)
    return Finding(trial, [record], None if true is None else true[order[:held]][some], targets[some], guess[some])


def _guess(trial: Trial, targets: U8, ciphers: U8) -> U8:
    h, w, c = (int(d) for d in targets.shape[1:])
    seen = View(targets, (h, w, c), ciphers=ciphers if "ciphers" in trial.attack.needs else None)
    return trial.attack.run(seen, np.random.default_rng([0, 4]), trial.steps).checked(seen).images


def _truth(folder: Folder, truth: Path) -> U8:
    from imveil.owner.images import SUFFIXES, read_picture

    if not truth.is_dir():
        raise BadSource(f"a folder of true pictures was needed, {truth} is none")
    known = {f.relative_to(truth).with_suffix("").as_posix(): f for f in sorted(truth.rglob("*"))
             if f.suffix.lower() in SUFFIXES}  # fmt: skip
    stems = [Path(name).with_suffix("").as_posix() for name in folder.names]
    missing = [name for name, stem in zip(folder.names, stems, strict=True) if stem not in known]
    if missing:
        raise BadSource(
            f"{len(missing)} of {len(stems)} cipher images have no true picture of their name in {truth}, such as "
            f"{missing[0]}",
            hint="encrypt with --keep-names, so that names pair",
        )
    pictures = [read_picture(known[stem]).pixels for stem in stems]
    shape = folder.images.shape[1:]
    other = next((i for i, picture in enumerate(pictures) if picture.shape != shape), None)
    if other is not None:
        raise BadSource(f"{known[stems[other]]} is {pictures[other].shape}, its cipher image is {shape}")
    return np.stack(pictures)


def total_variation(images: U8) -> Any:
    """Mean absolute difference of neighbouring samples, down and across, one per image. (n, h, w, c) -> (n,) float64.

    >>> total_variation(np.zeros((1, 4, 4, 3), np.uint8))
    array([0.])
    """
    wide = images.astype(np.int16)
    steps = [np.abs(np.diff(wide, axis=axis)).mean(axis=(1, 2, 3)) for axis in (1, 2) if images.shape[axis] > 1]
    return sum(steps, np.zeros(len(images))) / max(1, len(steps))


def looks_like(images: U8, found: Audit) -> str:
    """What the images seem to be, from what worked on them and from where their neighbours differ."""
    worked = {f.trial.attack.id for f in found.findings if f.low >= 0.5}
    if "look" in worked:
        return "these pictures are not encrypted"
    if "many-time-pad" in worked:
        return "one fixed sequence is XORed into every image (a many-time pad)"
    if "fixed-permutation" in worked:
        return "one fixed permutation moves the pixels of every image"
    if "fold" in worked:
        return "samples are inverted, with a key for each image"
    block = _block(images)
    if block:
        return f"blocks of {block}x{block} pixels are moved, their insides still look like pictures"
    values = np.bincount(images.reshape(-1), minlength=256)
    expected = images.size / 256
    if float(((values - expected) ** 2 / expected).sum()) > 2 * 255 + images.size / 1000:
        return "values are not spread evenly, so something of the pictures is left, but no attack read it"
    return "random bytes: what a stream cipher with a key for each image gives"


def _block(images: U8) -> int:
    """The side of blocks whose inner neighbours are much more alike than neighbours across their borders; 0: none."""
    wide = images[:200].astype(np.int16)
    across = np.abs(np.diff(wide, axis=2)).mean(axis=(0, 1, 3))
    best = 0
    for side in (2, 4, 8, 16, 32):
        border = np.arange(len(across)) % side == side - 1
        if border.any() and not border.all() and across[border].mean() > 1.3 * max(across[~border].mean(), 1e-9):
            best = side
    return best

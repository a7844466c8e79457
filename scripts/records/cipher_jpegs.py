"""Cipher JPEGs, measured: bytes and PSNR beside plain JPEGs, and what a net still learns from them.

usage: python -m scripts.records.cipher_jpegs size|accuracy [--seeds N] [--most N]

Appends to records/cipher-jpeg.jsonl and records/jpeg-accuracy.jsonl what they lack. Both files of a picture are written
by one encoder with the same quality, chroma and optimised tables; the cipher's carries its tag.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from statistics import fmean
from typing import Any

import numpy as np
from PIL import Image, features

import imveil
from imveil import record
from imveil.audit.game.challenger import key_of
from imveil.lab.experiment import encrypted, plain_sets
from imveil.lab.recipe import Recipe
from imveil.lab.samples import drawn, photographs
from imveil.metrics.psnr import psnr
from imveil.record import Record, digest_of, measured
from imveil.schemes.base import Cipher
from imveil.store import jpeg
from imveil.store.tag import Tag

SCHEMES: tuple[tuple[str, dict[str, Any]], ...] = (("etc/1", {"block": 16}), ("etc-grey/1", {"block": 8}))
QUALITIES, CHROMAS, SMOOTH, SIDE = (50, 75, 90, 95), (444, 420), 100, 224
STORED = (None, (90, 444), (75, 420))  # None: as PNG
TRAIN, EPOCHS = 2000, 6


def pictures(data: str) -> list[Any]:
    """The pictures of a row, (h, w, c) each; small ones are made large, which leaves them as smooth as X-rays are."""
    if data == "kodak":
        return photographs()
    name = {"x-rays": "pneumoniamnist", "cifar10": "cifar10 test"}[data.split()[0]]
    small = drawn(name, SMOOTH, 0)
    large = [
        np.asarray(Image.fromarray(image.squeeze()).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for image in small
    ]
    return [np.atleast_3d(image) for image in large]


DATA = ("kodak", f"x-rays at {SIDE}", f"cifar10 at {SIDE}")


def sizes() -> Iterator[Record]:
    """A record of each scheme, data, chroma and quality: bytes of all cipher JPEGs by bytes of all plain ones.

    facts: mean PSNR in dB of decrypted pictures, of plain JPEGs decoded in the same way, and by an ordinary decoder;
    bytes a picture. low and high are the range of the ratio over pictures.
    """
    there = {one.digest for one in record.read("cipher-jpeg")}
    for data in DATA:
        for id, fields in SCHEMES:
            settings = [
                {"scheme": id, "fields": fields, "data": data, "quality": quality, "chroma": chroma}
                for chroma in CHROMAS
                for quality in QUALITIES
            ]
            todo = [one for one in settings if digest_of(one) not in there]
            if todo:
                found = pictures(data)
                if id == "etc-grey/1" or todo[0]["chroma"] == 444 or found[0].shape[2] == 3:
                    yield from measured_sizes(found, todo)


def measured_sizes(found: list[Any], todo: list[dict[str, Any]]) -> Iterator[Record]:
    """The records of one scheme and data."""
    scheme, key = imveil.find(todo[0]["scheme"], **todo[0]["fields"]), key_of(0, "jpeg")
    if scheme.traits.channels == (3,):
        found = [np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image for image in found]
    tag = Tag(scheme.id, scheme.config(), key.fingerprint)
    ciphers = [scheme.encrypt(image[None], key, ["jpeg"]) for image in found]
    for setting in todo:
        begin, quality, chroma = time.monotonic(), setting["quality"], setting["chroma"]
        if chroma == 420 and found[0].shape[2] == 1:
            continue
        rows = []
        for image, cipher in zip(found, ciphers, strict=True):
            plain, stored = jpeg.encode(image, quality, chroma), jpeg.encode(cipher.images[0], quality, chroma, tag)
            back = scheme.decrypt(Cipher(jpeg.decode(stored)[0][None], cipher.nonces, cipher.size), key)[0]
            ordinary = np.asarray(Image.open(io.BytesIO(plain))).reshape(image.shape)
            told = psnr(np.stack([image] * 3), np.stack([back, jpeg.decode(plain)[0], ordinary]))
            rows.append((len(stored), len(plain), *told.tolist()))
        cipher_bytes, plain_bytes, after, alone, ordinary_way = zip(*rows, strict=True)
        ratios = [a / b for a, b in zip(cipher_bytes, plain_bytes, strict=True)]
        yield measured(
            kind="cipher-jpeg",
            name=f"{setting['scheme']} {setting['data']} {chroma} quality {quality}",
            digest=digest_of(setting),
            facts={
                **setting,
                "bytes": round(fmean(cipher_bytes)),
                "plain bytes": round(fmean(plain_bytes)),
                "after": round(fmean(after), 3),
                "alone": round(fmean(alone), 3),
                "ordinary": round(fmean(ordinary_way), 3),
                "worst": round(min(a - b for a, b in zip(after, alone, strict=True)), 3),
                "libjpeg-turbo": features.version("libjpeg_turbo"),
            },
            value=round(sum(cipher_bytes) / sum(plain_bytes), 4),
            unit="times the bytes of plain JPEGs",
            n=len(rows),
            low=round(min(ratios), 4),
            high=round(max(ratios), 4),
            seconds=round(time.monotonic() - begin, 2),
        )


def accuracies(seeds: int) -> Iterator[Record]:
    """A record of each scheme, way to store and seed: test accuracy on CIFAR-10 in percent after a few epochs on a few
    thousand training pictures, all stored that way."""
    from imveil.cloud.prediction import evaluate
    from imveil.cloud.training.loop import Settings, fit

    there = {(one.digest, one.seed) for one in record.read("jpeg-accuracy")}
    recipe = replace(Recipe(), images=TRAIN, held_out=5000)
    for seed in range(seeds):
        for id, fields in SCHEMES:
            for stored in STORED if id == "etc/1" else STORED[:2]:
                way = "PNG" if stored is None else f"JPEG {stored[0]} {stored[1]}"
                setting = {
                    "data": "cifar10", "images": TRAIN, "epochs": EPOCHS, "scheme": id, "fields": fields, "as": way,
                }  # fmt: skip
                if (digest_of(setting), seed) in there:
                    continue
                begin, scheme, key = time.monotonic(), imveil.find(id, **fields), key_of(seed)
                sets = plain_sets(recipe, seed)
                train = kept(encrypted(scheme, sets.train[0], key, "train"), stored)
                test = kept(encrypted(scheme, sets.test[0], key, "test"), stored)
                net = fit(
                    (train, sets.train[1]),
                    sets.classes,
                    Settings(epochs=EPOCHS, batch=64, seed=seed, flip=False, shift=0),
                ).net
                score = evaluate(net, test, sets.test[1])
                low, high = score.interval
                yield measured(
                    kind="jpeg-accuracy",
                    name=f"{id} as {way}",
                    digest=digest_of(setting),
                    facts=setting,
                    seed=seed,
                    value=round(100 * score.accuracy, 4),
                    unit="%",
                    n=score.n,
                    low=round(100 * low, 4),
                    high=round(100 * high, 4),
                    seconds=round(time.monotonic() - begin, 1),
                )


def kept(images: Any, stored: tuple[int, int] | None) -> Any:
    """Images as they come back from their files."""
    if stored is None:
        return images
    return np.stack([jpeg.decode(jpeg.encode(image, *stored))[0] for image in images])


def main() -> None:
    """A line for each record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("size", "accuracy"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most", type=int, help="records to measure now")
    asked = parser.parse_args()
    for one in islice(sizes() if asked.what == "size" else accuracies(asked.seeds), asked.most):
        record.append(one)
        print(f"{one.name}: {one.value} {one.unit}, {one.facts}", flush=True)


if __name__ == "__main__":
    main()

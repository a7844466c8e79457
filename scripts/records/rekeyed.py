"""Key-transformed models, measured: a small transformer trained on plain pictures, changed for a key, asked with cipher
images. Its answers must be those that the plain model gives on plain pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import imveil
from imveil.audit.game.challenger import key_of
from imveil.lab.experiment import encrypted, plain_sets
from imveil.lab.recipe import Recipe
from imveil.record import Record, digest_of, measured
from imveil.schemes._adapt import AdaptsModel

SCHEMES = ("patch/1", "orthogonal/1")
CLOSE = 1e-4  # answers count where the two largest logits differ by more


def rekeyed(seed: int, epochs: int = 2, width: int = 64, depth: int = 4) -> Iterator[Record]:
    """A record for each scheme: of the test pictures on which the plain model is not torn between two answers, the
    share in percent on which the changed model gives the same answer.

    facts: accuracies in percent on plain pictures, on cipher images, and on those of a wrong key; the largest
    difference of a logit.
    """
    from imveil.cloud.prediction import predict_logits, wilson
    from imveil.cloud.training.loop import Settings, fit

    begin = time.monotonic()
    sets = plain_sets(Recipe(), seed)
    settings = Settings(
        model="vit_tiny", width=width, model_options={"patch": 4, "depth": depth}, epochs=epochs, batch=128,
        optimiser="adamw", momentum=0.9, lr=0.001, flip=False, shift=0, seed=seed,
    )  # fmt: skip
    net = fit(sets.train, sets.classes, settings).net
    images, labels = sets.test
    plain = predict_logits(net, images)
    two = np.sort(plain, axis=1)[:, -2:]
    sure = two[:, 1] - two[:, 0] > CLOSE

    def right(logits: Any) -> float:
        return round(100 * float((logits.argmax(1) == labels).mean()), 2)

    for id in SCHEMES:
        scheme = imveil.find(id)
        assert isinstance(scheme, AdaptsModel)
        key, other = key_of(seed), key_of(seed, "another")
        changed = scheme.adapt(net, key)
        seen = predict_logits(changed, encrypted(scheme, images, key, "test"))
        wrong = predict_logits(changed, encrypted(scheme, images, other, "test"))
        same = int((seen.argmax(1) == plain.argmax(1))[sure].sum())
        low, high = wilson(same, int(sure.sum()))
        facts = {
            "data": "cifar10", "scheme": id, "fields": scheme.config(), "model": "vit_tiny", "width": width,
            "depth": depth, "epochs": epochs,
        }  # fmt: skip
        digest = digest_of(facts)
        found = {
            "plain": right(plain), "cipher": right(seen), "wrong key": right(wrong), "asked": len(images),
            "largest difference": float(f"{np.abs(seen - plain).max():.3g}"),
        }  # fmt: skip
        yield measured(
            kind="rekeyed",
            name=f"vit_tiny for {id}",
            digest=digest,
            facts={**facts, "found": found},
            seed=seed,
            value=round(100 * same / int(sure.sum()), 4),
            unit="% of answers that are the same",
            n=int(sure.sum()),
            low=round(100 * low, 4),
            high=round(100 * high, 4),
            seconds=round(time.monotonic() - begin, 1),
        )

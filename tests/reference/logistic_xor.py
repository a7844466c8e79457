"""The seed, one number at a time (arXiv 2203.16780; our reading, docs/spec/chaos.md)."""

import math


def encrypt(image, fields, x0, r, perm):
    h, w, c = len(image), len(image[0]), len(image[0][0])
    x = x0
    for _ in range(fields["burn_in"]):
        x = (r * x) * (1 - x)
    sequence = []
    for _ in range(len(perm)):
        x = (r * x) * (1 - x)
        if fields["quantiser"] == "mantissa":
            sequence.append(math.floor(1e14 * x) % 256)
        elif fields["quantiser"] == "floor256":
            sequence.append(min(255, math.floor(256 * x)))
        else:
            sequence.append(255 if x >= 0.5 else 0)
    shuffled = [sequence[p] for p in perm]
    one = fields["index"] == "pixel"
    return [
        [[image[y][k][z] ^ shuffled[y * w + k if one else (y * w + k) * c + z] for z in range(c)] for k in range(w)]
        for y in range(h)
    ]

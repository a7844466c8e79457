"""What the references of the chaotic schemes share: a number to a byte, bytes into a picture (docs/spec/chaos.md)."""

import math


def byte(x, quantiser):
    if quantiser == "mantissa":
        return math.floor(1e14 * x) % 256
    if quantiser == "floor256":
        return min(255, math.floor(256 * x))
    return 255 if x >= 0.5 else 0


def xor(image, fields, numbers, perm):
    """`numbers` yields the orbit from the first number after the start; a step may give several."""
    h, w, c = len(image), len(image[0]), len(image[0][0])
    sequence = [byte(next(numbers), fields["quantiser"]) for _ in perm]
    shuffled = [sequence[p] for p in perm]
    one = fields["index"] == "pixel"
    return [
        [[image[y][k][z] ^ shuffled[y * w + k if one else (y * w + k) * c + z] for z in range(c)] for k in range(w)]
        for y in range(h)
    ]

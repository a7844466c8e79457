"""The seed with coupled logistic maps, one number at a time (Kaneko 1985)."""

from itertools import islice

from reference.chaotic import xor


def orbit(x0, r):
    ring = list(x0)
    while True:
        f = [(r * x) * (1 - x) for x in ring]
        ring = [0.95 * f[i] + 0.025 * (f[i - 1] + f[(i + 1) % len(f)]) for i in range(len(f))]
        yield from ring


def encrypt(image, fields, x0, r, perm):
    return xor(image, fields, islice(orbit(x0, r), fields["burn_in"] * len(x0), None), perm)

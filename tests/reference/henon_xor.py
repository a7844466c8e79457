"""The seed with the Henon map, one number at a time (Henon 1976)."""

from itertools import islice

from reference.chaotic import xor


def orbit(x0, y0):
    x, y = x0, y0
    while True:
        following = (1 - (1.4 * x) * x) + y
        y = 0.3 * x
        x = following
        yield (x + 1.5) / 3


def encrypt(image, fields, x0, y0, perm):
    return xor(image, fields, islice(orbit(x0, y0), fields["burn_in"], None), perm)

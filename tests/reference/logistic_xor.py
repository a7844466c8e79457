"""The seed, one number at a time (arXiv 2203.16780; our reading, docs/spec/chaos.md)."""

from itertools import islice

from reference.chaotic import xor


def orbit(x0, r):
    x = x0
    while True:
        x = (r * x) * (1 - x)
        yield x


def encrypt(image, fields, x0, r, perm):
    return xor(image, fields, islice(orbit(x0, r), fields["burn_in"], None), perm)

"""The seed with a skew tent map, one number at a time (Hasler, Maistrenko 1997)."""

from itertools import islice

from reference.chaotic import xor


def orbit(x0, p):
    x = x0
    while True:
        if x < p:
            x = x / p
        else:
            x = (1 - x) / (1 - p)
        yield x


def encrypt(image, fields, x0, p, perm):
    return xor(image, fields, islice(orbit(x0, p), fields["burn_in"], None), perm)

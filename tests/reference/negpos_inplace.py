"""PE with its colours written over one another, one sample at a time (the public code of PE's authors)."""


def encrypt(image, fields, inv, colors):
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    inv, colors = iter(inv), iter(colors)
    result = [[[255 - v if next(inv) == 0 else v for v in pixel] for pixel in row] for row in image]
    for row in result:
        for pixel in row:
            # Each colour is read after those before it were written: this is what loses them.
            for to, source in enumerate(orders[next(colors)]):
                pixel[to] = pixel[source]
    return result

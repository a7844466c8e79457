"""Fridrich's architecture, one number at a time (1998; our reading, in the docstring of the scheme)."""

import math


def encrypt(image, fields, x0, r):
    h, w, c = len(image), len(image[0]), len(image[0][0])
    values = [v for row in image for pixel in row for v in pixel]
    n = len(values)
    for start, rate in zip(x0, r):
        numbers = orbit(start, rate, fields["burn_in"])
        table = order_of([next(numbers) for _ in range(256)])
        order = order_of([next(numbers) for _ in range(n)])
        values = chained([values[i] for i in order], table, numbers)
        if fields["backward"]:
            values = chained(values[::-1], table, numbers)[::-1]
    samples = iter(values)
    return [[[next(samples) for _ in range(c)] for _ in range(w)] for _ in range(h)]


def chained(values, table, numbers):
    before = math.floor(1e14 * next(numbers)) % 256
    result = []
    for v in values:
        before = (v + math.floor(1e14 * next(numbers)) % 256 + table[before]) % 256
        result.append(before)
    return result


def orbit(x, r, burn_in):
    for _ in range(burn_in):
        x = (r * x) * (1 - x)
    while True:
        x = (r * x) * (1 - x)
        yield x


def order_of(numbers):
    return sorted(range(len(numbers)), key=lambda i: (numbers[i], i))

"""LE, one nibble at a time (Tanaka 2018)."""


def encrypt(image, fields, keys):
    h, w, c, block = len(image), len(image[0]), len(image[0][0]), fields["block"]
    result = [[[0] * c for _ in range(w)] for _ in range(h)]
    for top in range(0, h, block):
        for left in range(0, w, block):
            places = [(top + y, left + x, k) for y in range(block) for x in range(block) for k in range(c)]
            samples = [image[y][x][k] for y, x, k in places]
            for (y, x, k), sample in zip(places, scramble(samples, keys)):
                result[y][x][k] = sample
    return result


def scramble(samples, keys):
    size = len(samples)
    nibbles = [s % 16 for s in samples] + [s // 16 for s in samples]
    reverse = [k > size for k in keys]
    nibbles = [15 - v if r else v for v, r in zip(nibbles, reverse)]
    nibbles = [nibbles[k] for k in keys]
    nibbles = [15 - v if r else v for v, r in zip(nibbles, reverse)]
    return [16 * high + low for low, high in zip(nibbles[:size], nibbles[size:])]

"""ELE, one nibble at a time (Madono et al. 2020)."""


def encrypt(image, fields, keys, perm):
    h, w, c, block = len(image), len(image[0]), len(image[0][0]), fields["block"]
    places, ciphers = [], []
    for top in range(0, h, block):
        for left in range(0, w, block):
            places.append([(top + y, left + x, k) for y in range(block) for x in range(block) for k in range(c)])
            samples = [image[y][x][k] for y, x, k in places[-1]]
            ciphers.append(scramble(samples, keys[len(ciphers)]))
    result = [[[0] * c for _ in range(w)] for _ in range(h)]
    for i, where in enumerate(places):
        for (y, x, k), sample in zip(where, ciphers[perm[i]]):
            result[y][x][k] = sample
    return result


def scramble(samples, key):
    size = len(samples)
    nibbles = [s % 16 for s in samples] + [s // 16 for s in samples]
    inverted = [15 - v if k > size else v for v, k in zip(nibbles, key)]
    gathered = [inverted[k] for k in key]
    final = [15 - v if k > size else v for v, k in zip(gathered, key)]
    return [16 * final[size + i] + final[i] for i in range(size)]

"""Bits turned over where the material says so, one bit at a time (arXiv 2603.03711)."""


def encrypt(image, fields, flips):
    turned = iter(flips)
    result = []
    for row in image:
        result.append([])
        for pixel in row:
            samples = []
            for value in pixel:
                bits = [value // 2**b % 2 for b in range(8)]
                noise = next(turned)
                samples.append(sum((1 - bit if noise // 2**b % 2 else bit) * 2**b for b, bit in enumerate(bits)))
            result[-1].append(samples)
    return result

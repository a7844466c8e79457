"""Patches of a vision transformer, one sample at a time (arXiv 2207.05366, 2308.07612)."""


def encrypt(image, fields, pixel, block):
    p = fields["block"]
    h, w, c = len(image), len(image[0]), len(image[0][0])
    patches = [
        [image[top + y][left + x][k] for k in range(c) for y in range(p) for x in range(p)]
        for top in range(0, h, p)
        for left in range(0, w, p)
    ]
    patches = [[patch[i] for i in pixel] for patch in patches]
    patches = [patches[i] for i in block]
    result = [[[0] * c for _ in range(w)] for _ in range(h)]
    for number, patch in enumerate(patches):
        top, left = number // (w // p) * p, number % (w // p) * p
        values = iter(patch)
        for k in range(c):
            for y in range(p):
                for x in range(p):
                    result[top + y][left + x][k] = next(values)
    return result

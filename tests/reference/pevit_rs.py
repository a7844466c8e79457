"""Patches in another order, one pixel at a time (IJCAI 2025, random shuffling)."""


def encrypt(image, fields, order):
    p = fields["block"]
    h, w = len(image), len(image[0])
    result = [[None] * w for _ in range(h)]
    for place, patch in enumerate(order):
        top, left = place // (w // p) * p, place % (w // p) * p
        from_top, from_left = patch // (w // p) * p, patch % (w // p) * p
        for y in range(p):
            for x in range(p):
                result[top + y][left + x] = list(image[from_top + y][from_left + x])
    return result

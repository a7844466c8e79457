"""EtC on planes side by side, one block and one step at a time (Sirichotedumrong, Kiya 2019; ITU-T T.871)."""

from fractions import Fraction
from math import floor


def encrypt(image, fields, rotate, negaposi, reverse, shuffle):
    h, w, block = len(image), 3 * len(image[0]), fields["block"]
    converted = [[ycbcr(*pixel) for pixel in row] for row in image]
    grey = [[pixel[plane] for plane in range(3) for pixel in row] for row in converted]
    corners = [(top, left) for top in range(0, h, block) for left in range(0, w, block)]
    result = [[None] * w for _ in range(h)]
    for (top, left), i in zip(corners, shuffle):
        tile = [row[corners[i][1] :][:block] for row in grey[corners[i][0] :][:block]]
        for _ in range((rotate[i] + 1) % 4):
            tile = [list(column) for column in zip(*tile)][::-1]
        if reverse[i] in (0, 3):
            tile = tile[::-1]
        if reverse[i] in (1, 3):
            tile = [row[::-1] for row in tile]
        for y, row in enumerate(tile):
            for x, v in enumerate(row):
                result[top + y][left + x] = [255 - v if negaposi[i] == 0 else v]
    return result


def ycbcr(r, g, b):
    y = (Fraction(299) * r + 587 * g + 114 * b) / 1000
    cb = (b - y) / Fraction("1.772") + 128
    cr = (r - y) / Fraction("1.402") + 128
    return [min(255, floor(v + Fraction(1, 2))) for v in (y, cb, cr)]

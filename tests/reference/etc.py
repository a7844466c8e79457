"""EtC, one block and one step at a time (Chuman, Sirichotedumrong, Kiya 2019)."""


def encrypt(image, fields, rotate, negaposi, reverse, channel, shuffle):
    h, w, block = len(image), len(image[0]), fields["block"]
    corners = [(top, left) for top in range(0, h, block) for left in range(0, w, block)]
    done = []
    for i, (top, left) in enumerate(corners):
        tile = [row[left : left + block] for row in image[top : top + block]]
        for _ in range((rotate[i] + 1) % 4):
            tile = quarter_turn(tile)
        if negaposi[i] == 0:
            tile = [[[255 - v for v in pixel] for pixel in row] for row in tile]
        if reverse[i] in (0, 3):
            tile = tile[::-1]
        if reverse[i] in (1, 3):
            tile = [row[::-1] for row in tile]
        done.append([[recolour(pixel, channel[i]) for pixel in row] for row in tile])
    result = [[None] * w for _ in range(h)]
    for (top, left), source in zip(corners, shuffle):
        for y in range(block):
            for x in range(block):
                result[top + y][left + x] = done[source][y][x]
    return result


def quarter_turn(tile):
    """Against the clock: the last column becomes the first row."""
    n = len(tile)
    return [[tile[x][n - 1 - y] for x in range(n)] for y in range(n)]


def recolour(pixel, code):
    if len(pixel) < 3:
        return pixel
    r, g, b = pixel[:3]
    return [[r, g, b], [g, r, b], [b, g, r], [r, b, g], [b, r, g], [g, b, r]][code] + pixel[3:]

"""EtC with its colours written over one another, one block and one step at a time (public code of ELE's authors)."""


def encrypt(image, fields, rotate, negaposi, reverse, channel, shuffle):
    h, w, block = len(image), len(image[0]), fields["block"]
    corners = [(top, left) for top in range(0, h, block) for left in range(0, w, block)]
    done = []
    for i, (top, left) in enumerate(corners):
        tile = [[list(pixel) for pixel in row[left : left + block]] for row in image[top : top + block]]
        for _ in range([1, 2, 3, 0][rotate[i]]):
            tile = [list(column) for column in zip(*tile)][::-1]
        if negaposi[i] == 0:
            tile = [[[255 - v for v in pixel] for pixel in row] for row in tile]
        if reverse[i] in (0, 3):
            tile.reverse()
        if reverse[i] in (1, 3):
            for row in tile:
                row.reverse()
        # red, green and blue are read after those before them were written: this is what loses colours
        writes = [
            [],
            [(0, 1), (1, 0)],
            [(0, 2), (2, 0)],
            [(1, 2), (2, 1)],
            [(0, 2), (1, 0), (2, 1)],
            [(0, 1), (1, 2), (2, 0)],
        ]
        for row in tile:
            for pixel in row:
                for to, source in writes[channel[i]]:
                    pixel[to] = pixel[source]
        done.append(tile)
    result = [[None] * w for _ in range(h)]
    for (top, left), source in zip(corners, shuffle):
        for y in range(block):
            for x in range(block):
                result[top + y][left + x] = done[source][y][x]
    return result

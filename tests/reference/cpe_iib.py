"""IIB-CPE, one block and one step at a time (Ahmad, Shin 2022; our reading)."""

COLORS = ["012", "102", "210", "021", "201", "120"]


def encrypt(image, fields, rotate, negaposi, reverse, channel, shuffle, **sub):
    tiles = cut(image, fields["block"])
    tiles = [step(tile, rotate[i], negaposi[i], reverse[i]) for i, tile in enumerate(tiles)]
    tiles = [
        [[[p[int(k)] for k in COLORS[channel[i]]] + p[3:] if len(p) > 2 else p for p in row] for row in tile]
        for i, tile in enumerate(tiles)
    ]
    tiles = [tiles[i] for i in shuffle]
    done = []
    for i, tile in enumerate(tiles):
        parts = cut(tile, fields["sub_block"])
        codes = zip(sub["sub_rotate"][i], sub["sub_negaposi"][i], sub["sub_reverse"][i])
        parts = [step(part, *code) for part, code in zip(parts, codes)]
        done.append(join([parts[j] for j in sub["sub_shuffle"][i]], fields["block"]))
    return join(done, len(image[0]))


def cut(image, size):
    tops, lefts = range(0, len(image), size), range(0, len(image[0]), size)
    return [[row[left : left + size] for row in image[top : top + size]] for top in tops for left in lefts]


def join(tiles, width):
    across = width // len(tiles[0])
    bands = [tiles[i : i + across] for i in range(0, len(tiles), across)]
    return [[pixel for tile in band for pixel in tile[y]] for band in bands for y in range(len(tiles[0]))]


def step(tile, rotate, negaposi, reverse):
    for _ in range((rotate + 1) % 4):
        tile = [list(column) for column in zip(*tile)][::-1]
    tile = tile if negaposi else [[[255 - v for v in pixel] for pixel in row] for row in tile]
    tile = tile[::-1] if reverse in (0, 3) else tile
    return [row[::-1] for row in tile] if reverse in (1, 3) else tile

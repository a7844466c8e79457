"""One orthogonal matrix for all patches, in whole numbers (arXiv 2301.03843; fixed point of 30 bits is ours)."""


def encrypt(image, fields, matrix):
    p = fields["block"]
    h, w, c = len(image), len(image[0]), len(image[0][0])
    fixed = [[int(v * 2**30) for v in row] for row in matrix]
    result = [[[0.0] * c for _ in range(w)] for _ in range(h)]
    for top in range(0, h, p):
        for left in range(0, w, p):
            where = [(top + y, left + x, k) for k in range(c) for y in range(p) for x in range(p)]
            patch = [image[y][x][k] for y, x, k in where]
            for (y, x, k), row in zip(where, fixed):
                result[y][x][k] = sum(m * v for m, v in zip(row, patch)) / 2**30
    return result

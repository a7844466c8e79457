"""SHF, one sample at a time (AprilPyone, Kiya 2021)."""


def encrypt(image, fields, perm):
    block, c = fields["block"], len(image[0][0])
    result = [[list(pixel) for pixel in row] for row in image]
    for top in range(0, len(image), block):
        for left in range(0, len(image[0]), block):
            samples = [image[top + y][left + x][k] for y in range(block) for x in range(block) for k in range(c)]
            shuffled = iter(samples[p] for p in perm)
            for y in range(block):
                for x in range(block):
                    result[top + y][left + x] = [next(shuffled) for _ in range(c)]
    return result

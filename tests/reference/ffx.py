"""FFX, one sample at a time (AprilPyone, Kiya 2021)."""


def encrypt(image, fields, flip, lookup):
    block, c = fields["block"], len(image[0][0])
    return [
        [
            [lookup[v] if flip[((y % block) * block + x % block) * c + k] else v for k, v in enumerate(pixel)]
            for x, pixel in enumerate(row)
        ]
        for y, row in enumerate(image)
    ]

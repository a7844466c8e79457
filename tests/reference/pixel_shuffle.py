"""Pixels in the order of a logistic orbit, one number at a time (Fridrich 1998, the confusion stage; our reading)."""


def encrypt(image, fields, x0, r):
    h, w, c = len(image), len(image[0]), len(image[0][0])
    pixels = [pixel for row in image for pixel in row]
    units = pixels if fields["unit"] == "pixel" else [[v] for pixel in pixels for v in pixel]
    x, orbit = x0, []
    for n in range(fields["burn_in"] + len(units)):
        x = (r * x) * (1 - x)
        if n >= fields["burn_in"]:
            orbit.append(x)
    order = sorted(range(len(units)), key=lambda i: (orbit[i], i))
    samples = iter(v for i in order for v in units[i])
    return [[[next(samples) for _ in range(c)] for _ in range(w)] for _ in range(h)]

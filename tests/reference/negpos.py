"""PE, one sample at a time (Sirichotedumrong, Kinoshita, Kiya 2019)."""


def encrypt(image, fields, inv, colors):
    h, w, c = len(image), len(image[0]), len(image[0][0])
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    result = []
    for y in range(h):
        row = []
        for x in range(w):
            pixel = [255 - v if inv[(y * w + x) * c + k] == 0 else v for k, v in enumerate(image[y][x])]
            if c >= 3:
                pixel = [pixel[orders[colors[y * w + x]][k]] for k in range(3)] + pixel[3:]
            row.append(pixel)
        result.append(row)
    return result

"""The seed with one value per pixel, shared by the colours."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", fields={"index": "pixel"})

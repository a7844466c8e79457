"""The seed with one value per pixel, shared by the colours, fresh copies each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", fields={"index": "pixel"}, epochs=12, augment="before")

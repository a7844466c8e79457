"""The seed (logistic-xor/1), one value per sample, one cipher image per picture."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1")

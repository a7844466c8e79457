"""etc-inplace/1, one cipher image per picture."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="etc-inplace/1")

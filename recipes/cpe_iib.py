"""cpe-iib/1, one cipher image per picture."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="cpe-iib/1")

"""Negative-positive by blocks of 4x4, one key for all pictures."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="np-block/1")

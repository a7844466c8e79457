"""Negative-positive and colour order with one key for the data set (negpos/1)."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1")

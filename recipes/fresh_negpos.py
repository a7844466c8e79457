"""Negative-positive and colour order, one key for the data set (negpos/1), fresh copies each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1", epochs=12, augment="before")

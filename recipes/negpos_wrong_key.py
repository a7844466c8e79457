"""The model of negpos/1, asked with pictures encrypted under another key."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1", query="another")

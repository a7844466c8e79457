"""The model of fresh_negpos, asked with pictures encrypted under another key."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1", epochs=12, augment="before", query="another")

"""The model of fresh_seed, asked with pictures encrypted under another key."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", epochs=12, augment="before", query="another")

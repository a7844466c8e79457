"""The seed's model, asked with pictures encrypted under another key."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", query="another")

"""Negative-positive and colour order, a key for every picture, and nothing before the net."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1", fields={"per_image": True}, augment="after")

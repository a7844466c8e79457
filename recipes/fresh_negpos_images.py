"""Negative-positive and colour order, a key for every picture; the net sees sorted |v - 127.5|."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1", fields={"per_image": True}, adapter="fold_sort", epochs=12, augment="before")

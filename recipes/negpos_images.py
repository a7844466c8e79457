"""Negative-positive and colour order with a key for every picture; the net sees sorted |v - 127.5|."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1", fields={"per_image": True}, adapter="fold_sort", augment="after")

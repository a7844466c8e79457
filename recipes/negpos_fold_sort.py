"""Negative-positive and colour order with one key for the data set; the net sees sorted |v - 127.5|."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="negpos/1", adapter="fold_sort", augment="adapted")

"""Negative-positive and colour order, a key for every picture; the net begins with what it learnt of CIFAR-100."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(
    scheme="negpos/1", fields={"per_image": True}, adapter="fold_sort", augment="after", start="hundred_plain"
)

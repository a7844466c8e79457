"""CIFAR-100 under negative-positive and colour order, a key for every picture."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(data="cifar100", scheme="negpos/1", fields={"per_image": True}, adapter="fold_sort", augment="after")

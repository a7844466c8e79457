"""CIFAR-100 under negative-positive and colour order, one key; the net sees sorted |v - 127.5|."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(data="cifar100", scheme="negpos/1", adapter="fold_sort", augment="adapted")

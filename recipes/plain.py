"""CIFAR-10 as it is: the line that every scheme is measured against."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(augment="after")

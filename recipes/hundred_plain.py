"""CIFAR-100 as it is."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(data="cifar100", augment="after")

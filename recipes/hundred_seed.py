"""CIFAR-100 under the seed."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(data="cifar100", scheme="logistic-xor/1")

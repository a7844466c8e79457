"""CIFAR-100 under shf/1, with one learnt linear map for all blocks."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(data="cifar100", scheme="shf/1", adapter="blocks")

"""CIFAR-100 under le/1, with one learnt linear map for all blocks, over nibbles."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(data="cifar100", scheme="le/1", adapter="blocks", adapter_options={"nibbles": True})

"""CIFAR-10 as it is, without augmentation, as the owner of one cipher image per picture has it."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe()

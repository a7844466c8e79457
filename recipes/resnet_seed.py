"""The seed: as much training as `resnet_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("resnet_plain"), scheme="logistic-xor/1")

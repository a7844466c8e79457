"""Negative-positive and colour order, one key for the data set: as much training as `resnet_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("resnet_plain"), scheme="negpos/1")

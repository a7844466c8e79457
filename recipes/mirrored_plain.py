"""CIFAR-10 as it is; answers are means over a picture and its mirror image: else `fresh_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("fresh_plain"), settings={"mirror": True})

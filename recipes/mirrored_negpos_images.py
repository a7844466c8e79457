"""negpos/1, a key per picture; answers are means over a picture and its mirror image: else `fresh_negpos_images`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("fresh_negpos_images"), settings={"mirror": True})

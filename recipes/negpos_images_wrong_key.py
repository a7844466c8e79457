"""The model of `negpos_images`, asked with pictures encrypted under another key."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("negpos_images"), query="another")

"""The model of `etc`, asked with pictures encrypted under another key."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("etc"), query="another")

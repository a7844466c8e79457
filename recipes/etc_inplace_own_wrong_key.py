"""The model of `etc_inplace_own`, asked with pictures encrypted under another key."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("etc_inplace_own"), query="another")

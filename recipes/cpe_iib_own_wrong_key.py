"""The model of `cpe_iib_own`, asked with pictures encrypted under another key."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("cpe_iib_own"), query="another")

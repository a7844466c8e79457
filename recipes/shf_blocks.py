"""shf/1, with one learnt linear map for all blocks."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="shf/1", adapter="blocks")

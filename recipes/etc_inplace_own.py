"""etc-inplace/1, with a learnt map for each block, and a learnt order."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="etc-inplace/1", adapter="blocks_own")

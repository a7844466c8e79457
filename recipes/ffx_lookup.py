"""ffx/1, with a learnt table of values for each place in a block."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="ffx/1", adapter="lookup", adapter_options={"block": 4, "levels": 1000})

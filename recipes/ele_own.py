"""ele/1, with a learnt map for each block over nibbles, and a learnt order."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="ele/1", adapter="blocks_own", adapter_options={"nibbles": True})

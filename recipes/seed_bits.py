"""The seed, with a learnt gain for each position and bit plane."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", adapter="bits", adapter_options={"rate": 100.0})

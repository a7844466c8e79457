"""le/1, with one learnt linear map for all blocks, over nibbles."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="le/1", adapter="blocks", adapter_options={"nibbles": True})

"""patch/1, with a ConvMixer, whose first layer reads whole patches."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="patch/1", model="convmixer", model_options={"patch": 4}, width=64, lr=0.1)

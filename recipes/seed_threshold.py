"""The seed, its sequence quantised by threshold: each sample is kept or turned over whole."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", fields={"quantiser": "threshold"})

"""The seed with a bit from each step of the map (threshold), fresh copies each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", fields={"quantiser": "threshold"}, epochs=12, augment="before")

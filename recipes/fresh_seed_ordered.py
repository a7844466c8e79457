"""The seed without its second key: the sequence as the map gives it, fresh copies each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", fields={"shuffle": False}, epochs=12, augment="before")

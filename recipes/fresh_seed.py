"""The seed (logistic-xor/1): a freshly augmented and encrypted copy of each picture each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", epochs=12, augment="before")

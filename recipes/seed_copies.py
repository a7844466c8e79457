"""The seed, six augmented versions of each picture encrypted once: as many steps as six epochs of the data set."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", copies=6, epochs=1)

"""The seed without K2: its sequence in the order in which the map gives it."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", fields={"shuffle": False})

"""patch/1 that moves half of the positions, with the small net."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="patch/1", fields={"share": 0.5})

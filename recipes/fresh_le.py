"""le/1, fresh copies each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="le/1", epochs=12, augment="before")

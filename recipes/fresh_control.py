"""aes-ctr-control/1, fresh copies each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="aes-ctr-control/1", epochs=12, augment="before")

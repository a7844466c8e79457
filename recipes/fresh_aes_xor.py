"""aes-xor/1, fresh copies each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="aes-xor/1", epochs=12, augment="before")

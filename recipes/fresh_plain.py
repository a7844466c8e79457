"""CIFAR-10 as it is, augmented, twelve epochs: the line of every recipe that encrypts a fresh copy each epoch."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(epochs=12, augment="before")

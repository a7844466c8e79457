"""The seed, with learnt gains that are drawn towards smooth pictures: many-time-pad by gradient descent."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", adapter="bits_smooth", augment="adapted")

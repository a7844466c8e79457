"""The seed; the net begins with what statistics of the cipher images say: in effect the many-time-pad attack."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="logistic-xor/1", adapter="bits_start", augment="adapted")

"""np-block/1; the net begins with what statistics of the cipher images say."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="np-block/1", adapter="bits_start", augment="adapted")

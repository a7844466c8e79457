"""orthogonal/1: as much training as `vit_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("vit_plain"), scheme="orthogonal/1")

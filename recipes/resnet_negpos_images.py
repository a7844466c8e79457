"""negpos/1, a key for every picture; the net sees sorted |v - 127.5|: as much training as `resnet_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("resnet_plain"), scheme="negpos/1", fields={"per_image": True}, adapter="fold_sort")

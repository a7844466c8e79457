"""The same ResNet-18, asked with pictures encrypted under another key: as much training as `resnet_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(
    find_recipe("resnet_plain"), scheme="negpos/1", fields={"per_image": True}, adapter="fold_sort", query="another"
)

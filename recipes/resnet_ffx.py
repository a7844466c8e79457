"""ffx/1, with a learnt table of values for each place in a block: as much training as `resnet_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(
    find_recipe("resnet_plain"),
    scheme="ffx/1",
    adapter="lookup",
    adapter_options={"block": 4, "levels": 1000},
    augment="none",
)

"""ele/1, with a learnt map for each block over nibbles, and a learnt order: as much training as `resnet_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("resnet_plain"), scheme="ele/1", adapter="blocks_own", adapter_options={"nibbles": True})

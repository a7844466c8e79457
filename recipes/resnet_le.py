"""le/1, with one learnt linear map for all blocks, over nibbles: as much training as `resnet_plain`."""

from dataclasses import replace

from imveil.lab.experiment import find_recipe

RECIPE = replace(find_recipe("resnet_plain"), scheme="le/1", adapter="blocks", adapter_options={"nibbles": True})

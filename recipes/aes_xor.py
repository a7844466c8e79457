"""One AES-CTR sequence for all pictures: the seed's law, with a sequence that nobody can tell from chance."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="aes-xor/1")

"""A fresh AES-CTR key stream for every image: nothing can be learned."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(scheme="aes-ctr-control/1")

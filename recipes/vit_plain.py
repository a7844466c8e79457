"""CIFAR-10 as it is, with a small vision transformer that reads patches of 4x4: for a GPU."""

from imveil.lab.experiment import Recipe

RECIPE = Recipe(
    model="vit_tiny",
    model_options={"patch": 4},
    optimiser="adamw",
    epochs=60,
    batch=512,
    lr=0.001,
    augment="before",
    settings={"weight_decay": 0.05, "momentum": 0.9, "shift": 4, "schedule": "cosine"},
)

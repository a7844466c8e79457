"""Recipes: all that ship, by name, and one of a user's own file. A variant is `replace(base, ...)`.

imveil run plain seed               two of this table
imveil run seed --query another     the same model, asked with pictures encrypted under another key
imveil run mine.py                  RECIPE = Recipe(...) of a file
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from imveil.errors import BadSource
from imveil.lab.recipe import Query, Recipe
from imveil.registry import unknown

WRONG_KEY = "_wrong_key"  # the end of a name whose recipe is asked with another key

_IMAGES: dict[str, Any] = {"scheme": "negpos/1", "fields": {"per_image": True}}  # a key for every picture
_NIBBLES = {"nibbles": True}
_TABLES: dict[str, Any] = {"adapter": "lookup", "adapter_options": {"block": 4, "levels": 1000}}
_STILL = Recipe()  # one cipher image per picture, no augmentation
_SEED = Recipe(scheme="logistic-xor/1")
_FRESH = Recipe(epochs=12, augment="before")  # a fresh cipher image of each picture in each epoch
_HUNDRED = Recipe(data="cifar100")
_MIXER = Recipe(model="convmixer", model_options={"patch": 4}, width=64, lr=0.1)  # its first layer reads whole patches
_RESNET = Recipe(
    model="resnet18", epochs=30, batch=512, lr=0.4, augment="before",
    settings={"weight_decay": 5e-4, "momentum": 0.9, "shift": 4},
)  # fmt: skip
_VIT = Recipe(
    model="vit_tiny", model_options={"patch": 4}, optimiser="adamw", epochs=60, batch=512, lr=0.001, augment="before",
    settings={"weight_decay": 0.05, "momentum": 0.9, "shift": 4, "schedule": "cosine"},
)  # fmt: skip
_HOUR = Recipe(width=64, epochs=30, augment="after", settings={"mirror": True})  # an hour at most, on two cores


_MIRRORED: dict[str, Any] = {"epochs": 12, "settings": {"mirror": True}}


def _begun(scheme: str) -> Recipe:
    """With the plan that the cipher images give away."""
    return Recipe(scheme=scheme, adapter="plan_start", adapter_options={"scheme": scheme}, augment="adapted")


RECIPES: dict[str, Recipe] = {
    # CIFAR-10 as it is: the lines that schemes are measured against.
    "plain": Recipe(augment="after"),
    "plain_still": _STILL,
    # One cipher image per picture, nothing before the net.
    "aes_xor": Recipe(scheme="aes-xor/1"),
    "control": Recipe(scheme="aes-ctr-control/1"),  # a fresh key stream for every image: nothing can be learned
    "cpe_iib": Recipe(scheme="cpe-iib/1"),
    "ele": Recipe(scheme="ele/1"),
    "etc": Recipe(scheme="etc/1"),
    "etc_inplace": Recipe(scheme="etc-inplace/1"),
    "etc_grey": Recipe(scheme="etc-grey/1"),
    "ffx": Recipe(scheme="ffx/1"),
    "le": Recipe(scheme="le/1"),
    "negpos": Recipe(scheme="negpos/1"),
    "negpos_images_bare": Recipe(**_IMAGES, augment="after"),
    "np_block": Recipe(scheme="np-block/1"),
    "patch_restricted": Recipe(scheme="patch/1", fields={"share": 0.5}),  # half of the positions move
    "seed": _SEED,
    "seed_copies": replace(_SEED, copies=6, epochs=1),  # as many steps as six epochs of the data set
    "seed_ordered": replace(_SEED, fields={"shuffle": False}),  # without K2
    "seed_pixel": replace(_SEED, fields={"index": "pixel"}),  # one value per pixel, shared by the colours
    "seed_threshold": replace(_SEED, fields={"quantiser": "threshold"}),  # a sample is kept or turned over whole
    "shf": Recipe(scheme="shf/1"),
    # With an adapter made for the scheme.
    "cpe_iib_own": Recipe(scheme="cpe-iib/1", adapter="blocks_own", adapter_options={"block": 16}),
    "ele_own": Recipe(scheme="ele/1", adapter="blocks_own", adapter_options=_NIBBLES),
    "etc_inplace_own": Recipe(scheme="etc-inplace/1", adapter="blocks_own"),
    "etc_own": Recipe(scheme="etc/1", adapter="blocks_own"),
    "ffx_lookup": Recipe(scheme="ffx/1", **_TABLES),
    "le_blocks": Recipe(scheme="le/1", adapter="blocks", adapter_options=_NIBBLES),
    "negpos_fold_sort": Recipe(scheme="negpos/1", adapter="fold_sort", augment="adapted"),
    "negpos_images": Recipe(**_IMAGES, adapter="fold_sort", augment="after"),
    "negpos_images_tuned": Recipe(**_IMAGES, adapter="fold_sort", augment="after", start="hundred_plain"),
    "orthogonal_blocks": replace(_MIXER, scheme="orthogonal/1"),
    "patch_mixer": replace(_MIXER, scheme="patch/1"),
    "seed_bits": replace(_SEED, adapter="bits", adapter_options={"rate": 100.0}),  # a gain a position and bit plane
    "shf_blocks": Recipe(scheme="shf/1", adapter="blocks"),
    # Begun with what statistics of the cipher images say, or drawn towards smooth pictures: the attack.
    "aes_xor_start": Recipe(scheme="aes-xor/1", adapter="bits_start", augment="adapted"),
    "cpe_iib_start": _begun("cpe-iib/1"),
    "ele_start": _begun("ele/1"),
    "etc_grey_start": replace(_begun("etc-grey/1"), adapter_options={"scheme": "etc-grey/1", "block": 8}),
    "etc_inplace_start": _begun("etc-inplace/1"),
    "etc_start": _begun("etc/1"),
    "ffx_start": _begun("ffx/1"),
    "le_start": _begun("le/1"),
    "np_block_start": Recipe(scheme="np-block/1", adapter="bits_start", augment="adapted"),
    "orthogonal_start": _begun("orthogonal/1"),
    "patch_start": _begun("patch/1"),
    "pixel_shuffle_start": _begun("pixel-shuffle/1"),
    "seed_smooth": replace(_SEED, adapter="bits_smooth", augment="adapted"),
    "seed_start": replace(_SEED, adapter="bits_start", augment="adapted"),
    "shf_start": _begun("shf/1"),
    # A fresh copy in each epoch; mirrored: answers are means over a picture and its mirror image.
    "fresh_negpos": replace(_FRESH, scheme="negpos/1"),
    "fresh_negpos_images": replace(_FRESH, **_IMAGES, adapter="fold_sort"),
    "fresh_plain": _FRESH,
    "fresh_seed": replace(_FRESH, scheme="logistic-xor/1"),
    "mirrored_etc_start": replace(_begun("etc/1"), **_MIRRORED),
    "mirrored_le_start": replace(_begun("le/1"), **_MIRRORED),
    "mirrored_negpos_images": replace(_FRESH, **_IMAGES, adapter="fold_sort", settings={"mirror": True}),
    "mirrored_plain": replace(_FRESH, settings={"mirror": True}),
    "mirrored_seed_start": replace(_SEED, adapter="bits_start", augment="adapted", **_MIRRORED),
    # With more time: twice the width, thirty epochs, mirrored answers. "cut": ten more, and squares cut out.
    "hour_etc_start": replace(_begun("etc/1"), width=64, epochs=30, settings={"mirror": True}),
    "hour_le_start": replace(_begun("le/1"), width=64, epochs=30, settings={"mirror": True}),
    "hour_negpos_images": replace(_HOUR, **_IMAGES, adapter="fold_sort"),
    "hour_negpos_images_cut": replace(
        _HOUR,
        **_IMAGES,
        adapter="fold_sort",
        epochs=40,
        settings={"mirror": True, "shift": 4, "cut": 8, "weight_decay": 2.5e-4},
    ),
    "hour_plain": _HOUR,
    "hour_seed_start": replace(_HOUR, scheme="logistic-xor/1", adapter="bits_start", augment="adapted"),
    # CIFAR-100.
    "hundred_ele_start": replace(_begun("ele/1"), data="cifar100"),
    "hundred_etc_start": replace(_begun("etc/1"), data="cifar100"),
    "hundred_le": replace(_HUNDRED, scheme="le/1", adapter="blocks", adapter_options=_NIBBLES),
    "hundred_le_start": replace(_begun("le/1"), data="cifar100"),
    "hundred_negpos": replace(_HUNDRED, scheme="negpos/1", adapter="fold_sort", augment="adapted"),
    "hundred_negpos_images": replace(_HUNDRED, **_IMAGES, adapter="fold_sort", augment="after"),
    "hundred_plain": replace(_HUNDRED, augment="after"),
    "hundred_seed": replace(_HUNDRED, scheme="logistic-xor/1"),
    "hundred_shf": replace(_HUNDRED, scheme="shf/1", adapter="blocks"),
    "hundred_shf_start": replace(_begun("shf/1"), data="cifar100"),
    # A ResNet-18 and thirty epochs, on a GPU.
    "resnet_ele": replace(_RESNET, scheme="ele/1", adapter="blocks_own", adapter_options=_NIBBLES),
    "resnet_etc_inplace": replace(_RESNET, scheme="etc-inplace/1", adapter="blocks_own"),
    "resnet_ffx": replace(_RESNET, scheme="ffx/1", **_TABLES, augment="none"),
    "resnet_le": replace(_RESNET, scheme="le/1", adapter="blocks", adapter_options=_NIBBLES),
    "resnet_negpos": replace(_RESNET, scheme="negpos/1"),
    "resnet_negpos_images": replace(_RESNET, **_IMAGES, adapter="fold_sort"),
    "resnet_np_block": replace(_RESNET, scheme="np-block/1"),
    "resnet_plain": _RESNET,
    "resnet_seed": replace(_RESNET, scheme="logistic-xor/1"),
    "resnet_seed_start": replace(_RESNET, scheme="logistic-xor/1", adapter="bits_start", augment="adapted"),
    "resnet_shf": replace(_RESNET, scheme="shf/1", adapter="blocks"),
    # A small vision transformer that reads patches of 4x4, on a GPU.
    "vit_negpos_images": replace(_VIT, **_IMAGES, adapter="fold_sort"),
    "vit_orthogonal": replace(_VIT, scheme="orthogonal/1"),
    "vit_patch": replace(_VIT, scheme="patch/1"),
    "vit_plain": _VIT,
    "vit_seed": replace(_VIT, scheme="logistic-xor/1"),
}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name, or the `RECIPE` of a file of one's own.

    Parameters
    ----------
    name
        Of `RECIPES`; with `_wrong_key` behind it, asked with another key; or a path that ends with .py, which is run as
        any Python file is.

    Raises
    ------
    UnknownName, with the nearest names; BadSource for a file that cannot be read or holds no RECIPE.

    >>> find_recipe("seed_wrong_key") == replace(find_recipe("seed"), query="another")
    True
    """
    if name.endswith(".py"):
        return _of_file(Path(name))
    base = name.removesuffix(WRONG_KEY)
    if base not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[base] if base == name else replace(RECIPES[base], query="another")


def asked(name: str, query: Query | None = None) -> tuple[str, Recipe]:
    """A recipe and the name that its records get.

    Parameters
    ----------
    query
        Under which key its model is asked, None as it says itself.

    >>> asked("le", "another")[0], asked("le_wrong_key")[0], asked("le_wrong_key", "same")[0]
    ('le_wrong_key', 'le_wrong_key', 'le')
    """
    recipe = find_recipe(name)
    recipe = recipe if query is None else replace(recipe, query=query)
    short = Path(name).stem.removesuffix(WRONG_KEY)
    return short + (WRONG_KEY if recipe.query == "another" else ""), recipe


def _of_file(file: Path) -> Recipe:
    if not file.is_file():
        raise BadSource(f"{file} is not there", hint="name a recipe, or a file that holds RECIPE = Recipe(...)")
    spec = spec_from_file_location(f"imveil_recipe_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise BadSource(f"{file} cannot be imported")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # A file of the user's own may fail in any way; one line says which and how.
        raise BadSource(f"{file.name} cannot be read: {error}") from error
    recipe = getattr(module, "RECIPE", None)
    if not isinstance(recipe, Recipe):
        raise BadSource(f"{file.name} holds no RECIPE", hint="RECIPE = Recipe(...)")
    return recipe

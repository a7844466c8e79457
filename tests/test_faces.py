"""The faces of the rooms: what a user types is there whatever was imported before, lazy, typed and said in one line."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imveil
from imveil import attacks, metrics, registry, schemes
from imveil.errors import BadDtype, BadInput, BadPart, BadShape, UnknownName
from imveil.metrics.base import Metric

ROOT = Path(__file__).parents[1]
KINDS = [registry.SCHEMES, registry.ATTACKS, registry.METRICS, registry.MODELS, registry.ADAPTERS]
FACES = {
    "imveil": ["find", "Key", "KeyRef", "Plan", "Scheme", "Cipher", "Traits", "UnknownName"],
    "imveil.schemes": ["find", "known", "kind", "names", "Scheme", "Traits", "Cipher", "Within"],
    "imveil.attacks": ["find", "names", "Attack", "Guess", "Oracle", "View"],
    "imveil.metrics": ["find", "names", "Metric"],
    "imveil.audit": [
        "audit",
        "audit_encryptor",
        "audit_folder",
        "gate",
        "play",
        "measure",
        "read_pictures",
        "Audit",
        "Terms",
    ],
    "imveil.owner": [
        "encrypt",
        "decrypt",
        "verify",
        "seal",
        "rekey",
        "adapt",
        "rekey_model",
        "ask",
        "encrypt_png",
        "load_dataset",
    ],
    "imveil.cloud": ["train", "load", "evaluate", "export", "CipherDataset", "Model", "Score"],
}


@pytest.mark.parametrize("room", FACES)
def test_a_face_stays_whatever_was_imported_before(room: str) -> None:
    """In a new process, after every submodule: a module of a face's name would have taken its place."""
    code = (
        "import importlib, pkgutil, types\n"
        f"room = importlib.import_module({room!r})\n"
        f"walk = pkgutil.walk_packages(room.__path__, {room + '.'!r}) if {room != 'imveil'} else ()\n"
        "for module in walk:\n"
        "    try: importlib.import_module(module.name)\n"
        "    except ImportError: pass\n"
        f"for name in {FACES[room]!r}:\n"
        "    found = getattr(room, name)\n"
        "    assert callable(found) and not isinstance(found, types.ModuleType), name\n"
        "    assert name in dir(room), name\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=300)


@pytest.mark.parametrize("room", FACES)
def test_no_name_of_a_face_is_a_module_of_its_room(room: str) -> None:
    here = Path(str(import_module(room).__file__)).parent
    modules = {file.stem for file in here.glob("*.py")} | {file.parent.name for file in here.glob("*/__init__.py")}
    assert not modules & set(FACES[room])


@pytest.mark.parametrize("room", [room for room in FACES if room != "imveil.cloud"])
def test_a_face_loads_no_torch_and_no_numba(room: str) -> None:
    code = f"import sys, {room}; dir({room}); assert not {{'torch', 'numba', 'pydantic'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_users_lines_are_typed(tmp_path: Path) -> None:
    lines = """
import numpy as np
import imveil
from imveil import attacks, metrics, schemes
from imveil.audit import audit, audit_folder, play
from imveil.cloud import CipherDataset, evaluate, load, train
from imveil.owner import decrypt, encrypt, encrypt_png, load_dataset, rekey, seal, verify

images = np.zeros((200, 16, 16, 3), np.uint8)
scheme = imveil.find("negpos/1", per_image=True)
key = imveil.Key.generate()
cipher = scheme.encrypt(images, key, ["x"])
names: list[str] = [*schemes.names(), *attacks.names(), *metrics.names("pair")]
value = float(metrics.find("ssim")(images, images)[0])
guess = attacks.find("fold").run(attacks.View(targets=images, shape=(16, 16, 3))).images
report = audit(scheme, images, budget="2m")
verdict: str = report.verdict
low: float = report.best.low if report.best else 0.0
report.save("report.html")
shown: float = play(scheme, images, "fold", seed=1).value + audit_folder("ciphers").seconds
encrypt("pictures", "ciphers", scheme, key).images + decrypt("ciphers", "restored", "my.key").images
wrong: list[str] = verify("ciphers", key).wrong
seal("ciphers", "sealed", key), rekey("ciphers", "new", key, key)
png: bytes = encrypt_png(images[0], scheme, key, "x")
pictures, labels = load_dataset("cifar10")["train"]
model = train("ciphers", epochs=6)
model.save("m.safetensors")
answers = load("m.safetensors").predict(CipherDataset("ciphers"))
share: float = evaluate(model, "ciphers").accuracy
reveal_type(report)
reveal_type(model)
reveal_type(scheme)
"""
    (tmp_path / "user.py").write_text(lines)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "user.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("audit.result.Audit", "cloud.modelfile.Model", "schemes.base.Scheme"):
        assert f'Revealed type is "imveil.{name}"' in done.stdout


BARE = "class X:\n    id = 'x/1'\n"
STRIPES = (ROOT / "tests" / "helpers" / "parts" / "stripes.py").read_text(encoding="utf-8")


def test_a_scheme_of_a_file(tmp_path: Path) -> None:
    import pickle

    file = tmp_path / "mine.py"
    file.write_text(STRIPES)
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    scheme, key = imveil.find(f"{file}:Stripes"), imveil.Key.generate()
    np.testing.assert_array_equal(scheme.decrypt(scheme.encrypt(images, key), key), images)
    assert scheme == imveil.find(str(file)), "the only scheme of a file needs no name"
    assert pickle.loads(pickle.dumps(scheme)) == scheme
    assert attacks.find(f"{file}:ByEye").id == "by-eye"
    assert metrics.find(f"{file}:brightness")(images).shape == (3,)
    again = f"import pickle, sys; assert str(pickle.load(open({str(tmp_path / 'p')!r}, 'rb'))) == 'stripes/1'"
    (tmp_path / "p").write_bytes(pickle.dumps(scheme))
    subprocess.run([sys.executable, "-c", again], check=True)
    file.write_text(STRIPES + "\n# changed\n")
    with pytest.raises(BadPart, match="was changed while it was in use"):
        pickle.loads((tmp_path / "p").read_bytes())


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (STRIPES.replace("import Key", "import Keys"), "", r"fails when it is imported: ImportError: .*\(line 10\)"),
        ("x = (\n", "", r"is no Python: SyntaxError"),
        ("x = 1\n", "", "holds no scheme; see the docstring of imveil.schemes.base"),
        (STRIPES, ":Spots", "holds no scheme called 'Spots'; it holds .*mine.py:Stripes"),
        (STRIPES.replace("stripes/1", "negpos/1"), "", "is called 'negpos/1', and so is imveil.schemes.negpos"),
        (STRIPES + "\n\nclass Two(Stripes):\n    id = 'two/1'\n", "", "holds 2 schemes, and none is named; name one: "),
        (BARE, "", "is no scheme; a scheme is a class that inherits from imveil.Scheme"),
    ],
    ids=["fails", "syntax", "none", "other", "taken", "two", "no scheme"],
)
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, name: str, words: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(BadPart, match=words) as raised:
        imveil.find(f"{tmp_path / 'mine.py'}{name}")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_said() -> None:
    with pytest.raises(UnknownName, match=r"nowhere\.py cannot be read: No such file"):
        imveil.find("nowhere.py:X")


@pytest.mark.parametrize(
    "kind", [registry.SCHEMES, registry.ATTACKS, registry.METRICS, registry.MODELS, registry.ADAPTERS]
)
def test_text_from_outside_opens_no_file(tmp_path: Path, kind: registry.Kind) -> None:
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n" + STRIPES)
    for text in (f"{tmp_path / 'mine.py'}:Stripes", f"{tmp_path / 'mine.py'}", "../mine.py", "os:system", "\x1b[2J"):
        with pytest.raises(UnknownName) as raised:
            registry.known(kind, text)
        assert "\x1b" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


def test_did_you_mean_names_at_most_three() -> None:
    for find, name in (
        (imveil.find, "x"),
        (imveil.find, "negpos"),
        (attacks.find, "nothing like it"),
        (metrics.find, "s"),
    ):
        with pytest.raises(UnknownName) as raised:
            find(name)
        assert 1 <= len(raised.value.hint.replace(", ...", "").split(", ")) <= 3


def test_a_scheme_is_its_text() -> None:
    assert str(imveil.find("negpos/1", per_image=True)) == "negpos/1 per_image=True"
    for id in schemes.names():
        assert str(imveil.find(id)) == id
        assert set(imveil.find(id).fields()) == set(imveil.find(id).config())


def test_a_field_called_as_an_argument_is_a_bad_field() -> None:
    for name in ("id", "name", "cls", "self"):
        with pytest.raises(imveil.BadField, match="has no field"):
            schemes.known("negpos/1", **{name: 1})


PICTURES = np.zeros((2, 16, 16, 3), np.uint8)


@pytest.mark.parametrize("name", metrics.names())
def test_every_metric_says_what_is_wrong_in_one_line(name: str) -> None:
    metric, good = (
        metrics.find(name),
        {"right": np.arange(2), "labels": np.arange(2), "classify": lambda images: images[:, 0, 0, 0]},
    )
    given: list[Any] = [good.get(argument, PICTURES) for argument in metric.arguments]
    assert len(metric(*given)) == 2
    torch = pytest.importorskip("torch")
    bad: list[tuple[Any, type[Exception], str]] = [
        (torch.zeros(2, 16, 16, 3, dtype=torch.uint8), BadShape, "got a tensor; pass images.cpu"),
        (PICTURES[0], BadShape, r"got \(16, 16, 3\); for one picture pass image\[None\]"),
        (PICTURES.astype(float), BadDtype, "uint8, got float64"),
        (None, BadShape, "NoneType"),
    ]
    for wrong, error, words in bad:
        with pytest.raises(error, match=words) as raised:
            metric(wrong, *given[1:])
        assert str(raised.value).startswith(f"{name}: ")
        assert "\n" not in str(raised.value)
    with pytest.raises(BadInput, match=rf"the metric {name} takes \({', '.join(metric.arguments)}\), got \(nothing\)"):
        metric()
    with pytest.raises(BadInput, match="takes"):
        metric(*given, nonsense=1)


def test_an_attack_says_what_it_lacks() -> None:
    view = attacks.View(targets=PICTURES, shape=(16, 16, 3))
    for name in attacks.names():
        attack = attacks.find(name)
        if attack.needs:
            with pytest.raises(BadInput, match=f"the attack {name} needs {min(attack.needs)}"):
                attack.run(view)
        else:
            assert attack.run(view).images.shape == PICTURES.shape


def test_ids_are_what_the_parts_say() -> None:
    """Read from the text, and true once imported; every part of these folders is found."""
    for kind in KINDS:
        homes = set()
        for id, part in registry.parts(kind).items():
            assert getattr(registry.known(kind, id), kind.label) == id
            homes.add(part.module.rpartition(".")[2])
        assert homes == set(registry.files(kind.package)), kind.word


def test_reading_ids_runs_nothing() -> None:
    tree = ast.parse(
        "raise SystemExit\nclass A:\n    id: str = 'a'\n    needs = set()\nM = [Metric(name='m'), base.Metric('n')]\n"
    )
    assert list(registry.ATTACKS.read(tree)) == [("a", "A")]
    assert list(registry.METRICS.read(tree)) == [("m", "M"), ("n", "M")]
    nets = ast.parse("def net(c) -> nn.Module: ...\ndef _own(c) -> nn.Module: ...\ndef f() -> int: ...\n")
    assert list(registry.MODELS.read(nets)) == [("net", "net")]


def test_a_metric_is_a_metric() -> None:
    assert all(isinstance(metrics.find(name), Metric) for name in metrics.names())

"""The private path at the command line: three owners and a cloud by the letter, bad input, kills."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imveil.cli import main
from terminal import IMVEIL

pytest.importorskip("torch")
OWNERS = ("a", "b", "c")
NEW = "round new study.round --classes bright,dark --encoder lite0-128 --dim 24 --least 20 --least-class 5"


def draw(folder: Path, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for name, level in (("bright", 180), ("dark", 70)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = rng.normal(level, 40, (16, 16, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three owners' pictures and identities, and a state and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMVEIL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("IMVEIL_CACHE", str(tmp_path / "cache"))
    for seed, owner in enumerate(OWNERS):
        draw(tmp_path / owner, 15, seed)
        assert run(f"key identity {owner}.id") == 0
    draw(tmp_path / "test", 10, 99)
    return tmp_path


def run(line: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(line.split())
    return int(left.value.code or 0)


def owners(line: str) -> str:
    return line + "".join(f" --owner {owner}.id.pub" for owner in OWNERS)


class Refusal:
    """Runs a command that must be refused in one line, write nothing and show no traceback."""

    def __init__(self, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.here, self.capfd = here, capfd

    def __call__(self, line: str, says: str) -> None:
        before = self.files()
        self.capfd.readouterr()
        code = run(line)
        out, err = self.capfd.readouterr()
        err = "".join(x for x in err.splitlines(keepends=True) if not x.startswith("encoding: "))
        assert code == 2, (line, out, err)
        assert re.search(says, err), (line, err)
        assert err.count("\n") == 1
        assert err.startswith("imveil: ")
        assert self.files() == before

    def files(self) -> set[str]:
        parts = ("cache", "state")
        return {str(p) for p in self.here.rglob("*") if p.relative_to(self.here).parts[0] not in parts}


@pytest.fixture
def refused(homes: Path, capfd: pytest.CaptureFixture[str]) -> Refusal:
    return Refusal(homes, capfd)


def send(more: str = "", round_: str = "study.round", suffix: str = "") -> None:
    for owner in OWNERS:
        assert run(f"sum new {owner} {owner}{suffix}.sum --round {round_} --identity {owner}.id {more}") == 0


@pytest.mark.usefixtures("homes")
def test_three_owners_and_a_cloud(capfd: pytest.CaptureFixture[str]) -> None:
    # At epsilon 4 the noise over 90 pictures leaves 13 to 20 of 20 right; at 20 it leaves 18 to 20.
    assert run(owners(f"{NEW} --epsilon 20 --small")) == 0
    assert run("round show study.round") == 0
    shown = re.findall(r"([a-z2-7]{4}(?:-[a-z2-7]{4}){7})", capfd.readouterr().out)
    assert len(set(shown)) == 1
    send("--limit 100")
    assert run("sum add c.sum a.sum b.sum --round study.round --out study.total") == 0
    assert run("train study.total head.safetensors") == 0
    assert "epsilon 20" in capfd.readouterr().out
    assert run("evaluate head.safetensors test --card") == 0
    right = re.search(r"right .*\((\d+) of 20", capfd.readouterr().out)
    assert right
    assert int(right[1]) > 12
    assert run("predict head.safetensors test --json") == 0
    assert capfd.readouterr().out.count('"scores"') == 20
    assert run("predict head.safetensors test/dark/0.png") == 0


def test_a_blind_round_and_later_steps(capfd: pytest.CaptureFixture[str], refused: Refusal) -> None:
    assert run(owners(f"{NEW} --small --blind --totals-tell-who-is-in-them")) == 0
    send("--totals-tell-who-is-in-them")
    assert run("sum add a.sum b.sum c.sum --round study.round --out study.total") == 0
    refused("train study.total head.safetensors", "blind: only an owner can open it")
    assert run("sum open study.total --round study.round --identity b.id --out open.total") == 0
    assert run("train open.total head.safetensors") == 0
    assert run("round next study.round head.safetensors --out second.round") == 0
    send("--totals-tell-who-is-in-them --head head.safetensors", "second.round", "2")
    assert run("sum add a2.sum b2.sum c2.sum --round second.round --out second.total") == 0
    assert run("sum open second.total --round second.round --identity a.id --out open2.total") == 0
    refused("train open2.total head2.safetensors", "was needed to go on from, none came")
    assert run("train open2.total head2.safetensors --from head.safetensors --set rate=2") == 0
    capfd.readouterr()


def test_an_encrypted_query(homes: Path, capfd: pytest.CaptureFixture[str], refused: Refusal) -> None:
    pytest.importorskip("tenseal")
    assert run(owners(f"{NEW} --epsilon 4 --small")) == 0
    send()
    assert run("sum add a.sum b.sum c.sum --round study.round --out study.total") == 0
    assert run("train study.total head.safetensors") == 0
    new = "query new test/dark/3.png q.query --model head.card --secret q.secret"
    refused(new.replace("head.card", "head.safetensors"), "no message of imveil")
    refused(new.replace("3.png", "none.png"), "none.png is not there")
    refused(new.replace("q.secret", "q.query"), "exists already")
    refused(new.replace("q.query", "none/q.query"), "cannot be written")
    assert run(new) == 0
    assert (homes / "q.secret").stat().st_mode & 0o077 == 0
    refused(new, "a key serves one query")
    refused("query answer q.query head.card q.answer", "no head of imveil")
    assert run("query answer q.query head.safetensors q.answer") == 0
    capfd.readouterr()
    assert run("query open q.answer --secret q.secret") == 0
    ours = capfd.readouterr().out.split()
    assert run("predict head.safetensors test/dark/3.png") == 0
    assert ours[:2] == capfd.readouterr().out.split()[:2]
    data = (homes / "q.answer").read_bytes()
    (homes / "bad.answer").write_bytes(data[:-40])
    refused("query open bad.answer --secret q.secret", "cut off or altered")
    (homes / "q.secret").chmod(0o644)
    refused("query open q.answer --secret q.secret", "is open to others than you")
    assert run("query new test s.query --model head.card --secret s.secret --bulk") == 0
    assert run("query answer s.query head.safetensors s.answer") == 0
    assert run("query open s.answer --secret s.secret --json") == 0
    assert capfd.readouterr().out.count('"scores"') == 20
    (homes / "q.query").chmod(0o600)
    refused("query open s.answer --secret q.query", "imveil-query-secret-1 was needed")


def test_bad_input(homes: Path, refused: Refusal) -> None:
    refused(owners(NEW), "without epsilon the total tells who is in it")
    refused(owners(f"{NEW} --epsilon 2 --small --projection pca".replace("24", "900")), "projection has 768 axes")
    refused(owners(f"{NEW} --epsilon 2"), "fewer than 5 for each of 24 numbers")
    refused(owners(f"{NEW} --epsilon 0 --small"), "epsilon 0 is outside")
    refused(owners(f"{NEW} --epsilon 1e9 --small"), "outside 0.01 to 20")
    refused(owners(f"{NEW} --epsilon 2 --small --unit hospital"), "unit is picture or person")
    refused(f"{NEW} --epsilon 2 --small --owner a.id.pub --owner a.id.pub", "named twice")
    refused(f"{NEW} --epsilon 2 --small --owner imveil-to-nobody", "a recipient is")
    refused(owners(NEW.replace("bright,dark", "bright") + " --epsilon 2 --small"), "classes")
    refused(owners(NEW.replace("lite0-128", "lite9") + " --epsilon 2"), "no encoder is called 'lite9'")
    assert run(owners(f"{NEW} --epsilon 2 --small")) == 0
    refused(owners(f"{NEW} --epsilon 2 --small"), "exists already")
    assert run("key identity eve.id") == 0
    refused("sum new a a.sum --round study.round --identity eve.id", "no owner of this round")
    refused("sum new a a.sum --round study.round --identity none.id", "cannot be read")
    refused("sum new a a.sum --round none.round --identity a.id", "none.round cannot be read")
    refused("sum new a/dark a.sum --round study.round --identity a.id", "no classes")
    refused("sum new a none/a.sum --round study.round --identity a.id", "no place for a file")
    refused("sum new a a.sum --round study.round --identity a.id --limit 1", "the limit is 1")
    data = (homes / "study.round").read_bytes()
    for at in range(0, len(data), 293):
        (homes / "bad.round").write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        refused("sum new a a.sum --round bad.round --identity a.id", "bad.round")
    (homes / "bad.round").unlink()
    send()
    refused("sum add a.sum b.sum --round study.round --out t", "sent no sum")
    refused("sum add a.sum b.sum c.sum a.sum --round study.round --out t", "two sums are from")
    assert run(owners(f"{NEW} --epsilon 2 --small").replace("study.round", "other.round")) == 0
    refused("sum add a.sum b.sum c.sum --round other.round --out t", "another round")
    whole = (homes / "b.sum").read_bytes()
    for bad in (whole[:-1], whole[:100], whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:], b""):
        (homes / "bad.sum").write_bytes(bad)
        refused("sum add a.sum bad.sum c.sum --round study.round --out t", "bad.sum")
    (homes / "bad.sum").unlink()
    assert run("sum add a.sum b.sum c.sum --round study.round --out study.total") == 0
    refused("sum add a.sum b.sum c.sum --round study.round --out study.total", "exists already")
    refused("sum open study.total --round study.round --identity a.id --out o", "open already")
    refused("train study.total h.safetensors --set method=svm", "trained by ridge, balanced or lda")
    refused("train study.total h.safetensors --set depth=3", "no setting 'depth'")
    refused("train study.total h.safetensors --set ridge=-1", "a ridge of 0 or more")
    refused("train a.sum h.safetensors", "a.sum")
    refused("evaluate study.total test", "study.total")


def test_a_lost_ledger_and_a_second_use(homes: Path, refused: Refusal) -> None:
    assert run(owners(f"{NEW} --epsilon 2 --small")) == 0
    assert run("sum new a a.sum --round study.round --identity a.id") == 0
    refused("sum new a a.sum --round study.round --identity a.id", "exists already")
    first = (homes / "a.sum").read_bytes()
    (homes / "a.sum").unlink()
    assert run("sum new a a.sum --round study.round --identity a.id") == 0
    assert (homes / "a.sum").read_bytes() == first
    (homes / "a" / "dark" / "0.png").unlink()
    refused("sum new a again.sum --round study.round --identity a.id", "told already, with other pictures")
    shutil.rmtree(homes / "a.id.ledger")
    refused("sum new a again.sum --round study.round --identity a.id", "was lost")


def test_the_cloud_needs_no_home_and_no_key(homes: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Adding and training in a process that sees the messages only, with key modules that cannot be imported."""
    assert run(owners(f"{NEW} --epsilon 4 --small")) == 0
    send()
    cloud = tmp_path_factory.mktemp("cloud")
    for name in ("study.round", "a.sum", "b.sum", "c.sum"):
        shutil.copy(homes / name, cloud)
    code = (
        "import sys\nclass No:\n def find_spec(self, name, *_):\n  assert not name.startswith('imveil.keys'), name\n"
        "sys.meta_path.insert(0, No())\nfrom imveil.cloud.summing import add, train\n"
        "from imveil.store.messages.round import Round\nfrom imveil.store.messages.sum import Sum\n"
        "r = Round.read('study.round')\n"
        "open('h', 'wb').write(train(add([Sum.read(f'{o}.sum', r) for o in 'abc'], r)).to_bytes())"
    )
    environment = {**os.environ, "HOME": str(cloud), "IMVEIL_STATE": str(cloud / "s")}
    subprocess.run([IMVEIL[0], "-c", code], cwd=cloud, env=environment, check=True)
    assert (cloud / "h").stat().st_size > 500
    assert not (cloud / "s").exists()


def test_a_kill_leaves_ledger_and_files_sound(homes: Path) -> None:
    """By the real signal; tests/owner/test_summing.py dies at every step in turn."""
    assert run(owners(f"{NEW} --epsilon 2 --small")) == 0
    words = [*IMVEIL, *["sum", "new", "a", "a.sum", "--round", "study.round", "--identity", "a.id"]]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    child.send_signal(signal.SIGKILL)
    child.wait()
    first = (homes / "a.sum").read_bytes() if (homes / "a.sum").exists() else b""
    (homes / "a.sum").unlink(missing_ok=True)
    assert run("sum new a a.sum --round study.round --identity a.id") == 0
    assert first in (b"", (homes / "a.sum").read_bytes())

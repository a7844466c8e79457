"""Formats through the command line: new containers to a trained model and back, hidden labels, --from, --strict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forms import npz, table
from imveil import Key
from imveil.cli import main
from imveil.keys.files import write_key
from made_source import tree


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_key("my.key", Key(b"k" * 32))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def imveil_command(line: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as left:
            main(line.split())
        out, err = capfd.readouterr()
        assert left.value.code == code, err
        return out, err

    return imveil_command


@pytest.mark.parametrize("name", ["parquet", "webdataset", "safetensors"])
def test_from_a_list_to_a_model_and_back(run: Any, name: str) -> None:
    pytest.importorskip("torch")
    source = table(Path("source"), "csv")
    run(f"encrypt {source} ciphers --key my.key --scheme negpos/1 --container {name} --resize 8 --crop 8 --hide-labels")
    out, _ = run("labels ciphers --key my.key --json")
    meaning = json.loads(out)
    assert sorted(meaning) == ["class-0", "class-1"]
    assert sorted(meaning.values()) == ["0", "1"]
    run("train ciphers m.safetensors --epochs 1 --width 4 --threads 1")
    run("evaluate m.safetensors ciphers --threads 1")
    out, _ = run("predict m.safetensors ciphers --threads 1")
    assert len(out.splitlines()) == 8
    assert out.count("train/class-") == 6
    run("decrypt ciphers back --key my.key")
    run(f"encrypt {source} plain --key my.key --scheme plain/1 --resize 8 --crop 8")
    run("decrypt plain plainly --key my.key")
    assert tree(Path("back")) == tree(Path("plainly"))


def test_names_of_forms_and_containers(run: Any) -> None:
    source = npz(Path("source"))
    _, err = run(f"encrypt {source} c --key my.key --scheme plain/1 --from parqet", 2)
    assert "no form of sources is called 'parqet'; did you mean parquet" in err
    _, err = run(f"encrypt {source} c --key my.key --scheme plain/1 --container parqet", 2)
    assert "no container is called 'parqet'; did you mean parquet" in err
    _, err = run(f"encrypt {source} c --key my.key --scheme plain/1 --crop 0", 2)
    assert "--crop is a size like 224" in err
    run(f"encrypt {source} c --key my.key --scheme plain/1 --from npz")
    out, _ = run("labels c --key my.key")
    assert out == "0  0\n1  1\n"


def test_strict_stops_at_the_first_that_is_broken(run: Any) -> None:
    source = table(Path("source"), "csv")
    (source / "00003.png").write_bytes(b"broken")
    _, err = run(f"encrypt {source} c --key my.key --scheme plain/1 --strict", 2)
    assert "00003.png: this is no picture" in err
    assert "leave out --strict" in err
    assert not Path("c", "imveil.json").exists()
    _, err = run(f"encrypt {source} c --key my.key --scheme plain/1", 1)
    assert "1 picture was left out" in err
    assert len(Path("c", "rejected.jsonl").read_text().splitlines()) == 1


def test_a_missing_extra_is_named(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    source = npz(Path("source"))
    _, err = run(f"encrypt {source} c --key my.key --scheme plain/1 --container parquet", 2)
    assert "the container parquet needs pyarrow, and it is not installed; pip install 'imveil[parquet]'" in err

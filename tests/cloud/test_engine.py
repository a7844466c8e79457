"""What a recipe can ask of the loop beyond the plain one: means of weights, parts of batches, processes, rates."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from imveil.cloud.classifier import Classifier  # noqa: E402
from imveil.cloud.prediction import evaluate, predict_logits  # noqa: E402
from imveil.cloud.training.loop import Progress, Settings, fit  # noqa: E402
from imveil.cloud.training.step import Run  # noqa: E402
from imveil.errors import BadField, TrainingProblem  # noqa: E402

TINY = Settings(width=4, epochs=3, batch=16, seed=5, lr=0.1)
RICH = replace(TINY, optimiser="adamw", lr=0.003, schedule="cosine", ema=0.8, accumulate=3)


def pictures(n: int = 96, side: int = 8, seed: int = 0) -> tuple[Any, Any]:
    """A class is bright in one channel."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    images = rng.integers(0, 120, (n, side, side, 3))
    images[np.arange(n), :, :, labels] += 100
    return images.astype(np.uint8), labels.astype(np.int64)


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    one, two = a.state_dict(), b.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def test_everything_at_once_learns() -> None:
    trained = fit(pictures(), 3, replace(RICH, epochs=12, mirror=True), valid=pictures(30, seed=1))
    assert evaluate(trained.net, *pictures(60, seed=2)).accuracy > 0.9
    assert trained.history[-1].valid is not None
    assert trained.history[-1].valid > 0.8


class Stop(Exception):
    """Ends a run in the middle."""


@pytest.mark.parametrize("settings", [RICH, replace(TINY, adapter="bits_smooth"), replace(TINY, adapter="blocks_own")])
def test_it_goes_on_in_the_same_bits(tmp_path: Path, settings: Settings) -> None:
    def stop(at: Progress) -> None:
        if at.done is None and at.step > 2 * at.steps // 3:
            raise Stop

    with pytest.raises(Stop):
        fit(pictures(), 3, settings, checkpoint=tmp_path / "c", progress=stop)
    resumed = fit(pictures(), 3, settings, checkpoint=tmp_path / "c")
    assert same(resumed.net, fit(pictures(), 3, settings).net)


def test_parts_of_a_batch_give_the_gradients_of_the_whole() -> None:
    # The transformer has no batch norm, which alone sees parts and not the whole.
    settings = replace(TINY, model="vit_tiny", width=8, model_options={"depth": 1}, precision="float32", epochs=1)
    settings = replace(settings, flip=False, shift=0)
    whole, parts = (fit(pictures(), 3, replace(settings, accumulate=k)).net for k in (1, 4))
    for one, two in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(one, two, atol=1e-5)


def test_a_compiled_net_is_compiled_for_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._dynamo.testing import CompileCounter

    counter = CompileCounter()
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function: real(function, backend=counter))
    compiled = fit(pictures(), 3, replace(TINY, compiled=True), valid=pictures(30, seed=1))
    assert counter.frame_count == 1, "nothing was compiled, or answers were too"
    plain = fit(pictures(), 3, TINY, valid=pictures(30, seed=1))
    assert compiled.net.state_dict().keys() == plain.net.state_dict().keys()
    assert evaluate(compiled.net, *pictures(60, seed=2)).accuracy > 0.9


def test_without_a_compiler_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._dynamo.exc import BackendCompilerFailed

    def broken(*_: object) -> None:
        raise RuntimeError("No working C++ compiler found")

    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function: real(function, backend=broken))
    with pytest.raises(TrainingProblem, match=r"cannot compile this net here: .*C\+\+") as caught:
        fit(pictures(), 3, replace(TINY, compiled=True))
    assert isinstance(caught.value.__cause__, BackendCompilerFailed)


def test_the_mean_of_weights_is_what_is_trained() -> None:
    still = fit(pictures(), 3, replace(TINY, ema=1 - 1e-9)).net
    torch.manual_seed(TINY.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(TINY.seed)
        first = Classifier.of(TINY, 3, (8, 8, 3))
    for one, two in zip(still.net.parameters(), first.net.parameters(), strict=True):
        assert torch.allclose(one, two, atol=1e-4)


def test_answers_with_a_mirror_do_not_mind_mirrors() -> None:
    images, _ = pictures(10)
    plain = fit(pictures(), 3, TINY).net
    seen = predict_logits(plain, images)
    plain.mirror = True
    assert np.allclose(predict_logits(plain, images), predict_logits(plain, images[:, :, ::-1]), atol=1e-5)
    assert np.allclose(
        predict_logits(plain, images), (seen + _still(plain, np.ascontiguousarray(images[:, :, ::-1]))) / 2, atol=1e-5
    )


def _still(net: Any, images: Any) -> Any:
    net.mirror = False
    found = predict_logits(net, images)
    net.mirror = True
    return found


def test_rates_go_up_and_down() -> None:
    for schedule, top in (("line", 19), ("cosine", 4)):
        rates = [Settings(lr=2.0, schedule=schedule).rate(step, 100) for step in range(100)]  # type: ignore[arg-type]
        assert max(rates) == rates[top] == pytest.approx(2.0)
        assert rates[:top] == sorted(rates[:top])
        assert rates[top:] == sorted(rates[top:], reverse=True)
        assert 0 < rates[-1] < 0.03


@pytest.mark.parametrize("wrong", [{"ema": 1.0}, {"accumulate": 9}, {"schedule": "steps"}, {"optimiser": "lion"}])
def test_what_no_run_can_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadField, match=next(iter(wrong))):
        fit(pictures(), 3, replace(TINY, **wrong))


def test_out_of_memory_says_which_batch_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Run.backward

    def small(self: Run, rows: Any, share: float) -> Any:
        if len(rows) > 5:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return inner(self, rows, share)

    monkeypatch.setattr(Run, "backward", small)
    with pytest.raises(TrainingProblem, match=r"batch of 16 .* memory of cpu; one of 4 does: use --batch 4, or --set"):
        fit(pictures(), 3, TINY)
    fit(pictures(), 3, replace(TINY, accumulate=4))

    def none(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(Run, "backward", none)
    with pytest.raises(TrainingProblem, match="smaller net"):
        fit(pictures(), 3, TINY)


def test_another_error_is_not_taken_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("something else")

    monkeypatch.setattr(Run, "backward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        fit(pictures(), 3, TINY)


TOGETHER = """
import sys
from pathlib import Path
from test_engine import pictures, TINY
from dataclasses import replace
from imveil.cloud.training.loop import fit
from imveil.cloud.safefile import write
settings = replace(TINY, model="vit_tiny", width=8, model_options={"depth": 1}, precision="float32")
settings = replace(settings, flip=False, shift=0)
seen = []
net = fit(pictures(), 3, settings, checkpoint=Path(sys.argv[1]) / "c", progress=lambda at: seen.append(at.step)).net
import os
rank = os.environ.get("RANK", "alone")
assert bool(seen) == (rank in ("0", "alone")), "only the first process speaks"
write(Path(sys.argv[1]) / f"net-{rank}", net.state_dict(), {"format": "x", "version": 1})
"""


def test_two_processes_train_one_net(tmp_path: Path) -> None:
    from imveil.cloud.safefile import read

    (tmp_path / "together.py").write_text(TOGETHER)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), environment.get("PYTHONPATH", "")])
    for words in ([], ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]):
        place = tmp_path / ("many" if words else "one")
        place.mkdir()
        command = [sys.executable, *words, str(tmp_path / "together.py"), str(place)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
    one, many, other = (read(tmp_path / name, "x", 1)[0] for name in ("one/net-alone", "many/net-0", "many/net-1"))
    for name, value in one.items():
        assert torch.equal(many[name], other[name]), "both have the same net"
        assert torch.allclose(value, many[name], atol=1e-4), name

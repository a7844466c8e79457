"""A model as an ONNX file, for servers without torch: written only where onnxruntime answers as the model does.

    export("model.safetensors", "model.onnx", "ciphers")

The file takes cipher images `images` (n, h, w, c), of any n, and gives `logits` (n, classes). Adapter and normalisation
are in it; its metadata say scheme, fields, fingerprint, classes and preparation, as the model file does.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imveil.cloud.data.cipher_dataset import pictures_of
from imveil.cloud.modelfile import Model, ModelInfo, load_model
from imveil.cloud.prediction import predict_logits
from imveil.cloud.scores import opened
from imveil.errors import BadDestination, BadInput, shown
from imveil.extras import need, nn, torch
from imveil.store.files import write_file

BATCHES = (1, 2, 7)
IMAGES = 1000  # that are compared
CLOSE = 1e-3  # how far logits may differ, of the largest
OPSET = 18
_WHAT = "exporting"


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes
    ----------
    path
        Where it lies.
    images
        How many images were compared, in each of the batches.
    source
        Where they are from: a cipher data set, or "made images".
    difference
        The largest difference between logits, as a share of the largest logit.
    """

    path: Path
    images: int
    source: str
    difference: float


def export(model: Model | str | Path, path: str | Path, ciphers: str | Path | None = None, *,
           force: bool = False) -> Exported:  # fmt: skip
    """Write a model as ONNX, once onnxruntime gave the same answers to 1,000 cipher images, in batches of 1, 2 and 7.

    Parameters
    ----------
    model
        A Model, or the path of its file.
    path
        Where to write.
    ciphers
        A cipher data set to compare on; made images where it is None.
    force
        Overwrite what is there.

    Raises
    ------
    BadDestination, BadModelFile; Mismatch, for cipher images that the model does not read; BadInput, where an answer
    would change: then nothing is written. MissingExtra without onnx and onnxruntime.
    """
    path = Path(path)
    if path.exists() and not force:
        raise BadDestination(f"{path} exists already", hint="choose another name, or overwrite it (force)")
    need("onnx", "onnx", _WHAT)
    need("onnxruntime", "onnx", _WHAT)
    loaded = load_model(model, "cpu") if isinstance(model, str | Path) else model
    images = made_images(loaded.info) if ciphers is None else _from_set(loaded.info, ciphers)
    net = deepcopy(loaded.net).cpu().eval()
    data = described(converted(net, images[:2]), loaded.info)
    difference = compared(data, net, images)
    try:
        write_file(path, data, sync=True)
    except OSError as error:
        raise BadDestination(f"{path} cannot be written: {error.strerror or error}") from error
    return Exported(path, len(images), "made images" if ciphers is None else str(ciphers), difference)


def made_images(info: ModelInfo, n: int = IMAGES) -> Any:
    """Stand-ins for cipher images (n, h, w, c), the same each time: noise of many levels of brightness and contrast."""
    rng = np.random.Generator(np.random.PCG64(0))
    level, spread = rng.uniform(0, 255, (n, 1, 1, info.shape[2])), rng.uniform(0, 160, (n, 1, 1, 1))
    values = (level + spread * rng.standard_normal((n, *info.shape), np.float32)).astype(np.float32)
    kind = str(info.traits.get("dtype", "uint8"))
    return values if kind == "float32" else values.clip(0, 255).astype(kind)


def _from_set(info: ModelInfo, ciphers: str | Path) -> Any:
    cipher_set = opened(info, ciphers)
    splits = cipher_set.manifest.splits
    images, _ = pictures_of(cipher_set, "test" if splits.get("test") else next(iter(splits)))
    return images[:IMAGES]


def converted(net: nn.Module, images: Any) -> bytes:
    """A net as the bytes of an ONNX model, traced on two cipher images (2, h, w, c). BadInput where it cannot be."""
    exporter = need("torch.onnx", "train", _WHAT)
    for name in ("xor", "or"):  # of whole numbers: torch exports them of booleans alone
        exporter.register_custom_op_symbolic(f"aten::__{name}_", _bitwise(f"Bitwise{name.title()}"), OPSET)
    given = torch.from_numpy(images if images.dtype == np.uint8 else images.astype(np.float32))
    out = io.BytesIO()
    try:
        # The tracing exporter is there in every torch that imveil takes, needs nothing beside onnx, and is compared.
        with warnings.catch_warnings(), _silence():
            warnings.simplefilter("ignore")
            exporter.export(
                net, (given,), out, input_names=["images"], output_names=["logits"], opset_version=OPSET,
                dynamic_axes={"images": {0: "n"}, "logits": {0: "n"}}, dynamo=False,
            )  # fmt: skip
    except Exception as error:  # of many kinds, and of the user's own adapters and models
        raise BadInput(f"the model cannot be exported: {shown(str(error)).partition(chr(92))[0][:200]}") from error
    return out.getvalue()


def described(data: bytes, info: ModelInfo) -> bytes:
    """The ONNX model with what an owner needs to encrypt rightly in its metadata."""
    onnx = need("onnx", "onnx", _WHAT)
    made = onnx.load_model_from_string(data)
    onnx.checker.check_model(made)
    facts = info.model_dump(mode="json", include={"scheme", "fields", "fingerprint", "shape", "classes", "preparation"})
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in facts.items()}
    onnx.helper.set_model_props(made, {f"imveil.{name}": text for name, text in texts.items()})
    return bytes(made.SerializeToString())


def compared(data: bytes, net: nn.Module, images: Any) -> float:
    """The largest difference between the logits of an ONNX model and those of its net, in batches of 1, 2 and 7, as a
    share of the largest logit. BadInput where an answer changes, or logits are not close."""
    runtime = need("onnxruntime", "onnx", _WHAT)
    quiet = runtime.SessionOptions()
    quiet.log_severity_level = 4
    wanted = predict_logits(net, images)
    fed = images if images.dtype == np.uint8 else images.astype(np.float32)
    worst, largest = 0.0, max(float(np.abs(wanted).max()), 1e-30)
    try:
        session = runtime.InferenceSession(data, quiet, providers=["CPUExecutionProvider"])
        for batch in BATCHES:
            parts = [session.run(["logits"], {"images": fed[i : i + batch]})[0] for i in range(0, len(fed), batch)]
            found = np.concatenate(parts)
            if changed := int((found.argmax(1) != wanted.argmax(1)).sum()):
                raise BadInput(f"in batches of {batch} ONNX answers {changed:,} of {len(images):,} images otherwise")
            worst = max(worst, float(np.abs(found - wanted).max()) / largest)
    except BadInput:
        raise
    except Exception as error:  # onnxruntime has a dozen kinds, with no parent of their own
        raise BadInput(f"onnxruntime cannot run the export: {shown(str(error))[:200]}") from error
    if not worst <= CLOSE:
        raise BadInput(f"the logits of ONNX differ by {worst:.2g} of the largest, at most {CLOSE:g} may be")
    return worst


def _bitwise(op: str) -> Any:
    return lambda graph, one, two: graph.op(op, one, two)


class _silence:  # noqa: N801 - used as a context, like a function
    """Nothing on standard output and error, of what is written by C++ too: torch prints the graphs that it refuses."""

    def __enter__(self) -> None:
        self._kept = [os.dup(1), os.dup(2)]
        with open(os.devnull, "wb") as nowhere:
            for stream in (1, 2):
                os.dup2(nowhere.fileno(), stream)

    def __exit__(self, *_: object) -> None:
        for stream, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, stream)
            os.close(kept)


__all__ = ["Exported", "export"]

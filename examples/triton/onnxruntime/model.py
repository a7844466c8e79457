"""Triton's backend `onnxruntime` in Python, for a Triton without the compiled one, such as that of nvidia-pytriton.

It lies in the folder of backends as `onnxruntime/model.py`, beside `python/`; the folder of models stays as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import triton_python_backend_utils as triton


class TritonPythonModel:
    """Cipher images in, logits out."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read the model."""
        file = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self.session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def execute(self, requests: list[Any]) -> list[Any]:
        """An answer to each request."""
        answers = []
        for request in requests:
            images = triton.get_input_tensor_by_name(request, "images").as_numpy()
            [logits] = self.session.run(["logits"], {"images": images})
            answers.append(triton.InferenceResponse([triton.Tensor("logits", logits)]))
        return answers

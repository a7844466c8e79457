"""A model of `imveil export` behind KServe's own server in Python.

usage: python server.py digits model.onnx --http_port 8080
"""

from __future__ import annotations

import argparse
from typing import Any

import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer, model_server


class Exported(Model):
    """Cipher images in, logits out."""

    def __init__(self, name: str, file: str) -> None:
        super().__init__(name)
        self.session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        self.ready = True

    def predict(self, payload: InferRequest, *_: Any, **__: Any) -> InferResponse:
        """The answer to a request."""
        [logits] = self.session.run(["logits"], {"images": payload.inputs[0].as_numpy()})
        output = InferOutput("logits", list(logits.shape), "FP32")
        output.set_data_from_numpy(logits)
        return InferResponse(payload.id or "0", self.name, [output])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    parser.add_argument("name")
    parser.add_argument("file")
    said = parser.parse_args()
    ModelServer(http_port=said.http_port, enable_grpc=False).start([Exported(said.name, said.file)])

"""Messages of the Open Inference Protocol v2, as both sides read them: a JSON object, then the tensors' bytes.

    body, headers = request("images", images)       the owner
    asked = read_request(body, length)              the cloud

The header `Inference-Header-Content-Length` says where the JSON ends and the bytes of the binary tensor extension
begin. Without it a message is JSON alone, its tensors in lists. Strict: unknown members, other datatypes, shapes that
do not fit the bytes are refused with both values.

Sources: Open Inference Protocol, REST v2 (kserve/open-inference-protocol); binary tensor data extension (Triton).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from imveil.errors import BadMessage, shown

HEADER = "Inference-Header-Content-Length"
DATATYPES = {"UINT8": "<u1", "UINT16": "<u2", "INT32": "<i4", "INT64": "<i8", "FP32": "<f4", "FP64": "<f8"}
MOST_DIMENSIONS = 8


@dataclass(frozen=True)
class Tensor:
    """One tensor of a message. data: a numpy array of its shape; texts are an array of objects (str)."""

    name: str
    datatype: str
    data: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(int(side) for side in self.data.shape)


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes
    ----------
    inputs
        Its tensors, in their order.
    wanted
        Names of outputs, each with whether it shall be binary; empty: all of them.
    binary
        Whether outputs are binary where they do not say.
    id
        Of the request; "" where it has none.
    parameters
        What else it says of itself.
    """

    inputs: tuple[Tensor, ...]
    wanted: Mapping[str, bool]
    binary: bool
    id: str
    parameters: Mapping[str, Any]


def request(
    name: str, images: Any, *, outputs: Sequence[str] = (), parameters: Mapping[str, Any] | None = None, id: str = ""
) -> tuple[bytes, dict[str, str]]:
    """The body and headers that ask about images (n, h, w, c), in binary both ways.

    >>> body, headers = request("images", np.zeros((1, 2, 2, 1), np.uint8))
    >>> read_request(body, int(headers[HEADER])).inputs[0].shape
    (1, 2, 2, 1)
    """
    tensor = Tensor(name, _datatype(images), images)
    about: dict[str, Any] = {"parameters": {**(parameters or {}), "binary_data_output": True}}
    if outputs:
        about["outputs"] = [{"name": one, "parameters": {"binary_data": True}} for one in outputs]
    return _packed({**({"id": id} if id else {})}, "inputs", [(tensor, True)], about)


def response(
    model: str, version: str, outputs: Sequence[Tensor], binary: Mapping[str, bool], id: str = ""
) -> tuple[bytes, dict[str, str]]:
    """The body and headers of an answer.

    Parameters
    ----------
    binary
        Which outputs travel as bytes.
    """
    about = {"model_name": model, "model_version": version, **({"id": id} if id else {})}
    return _packed(about, "outputs", [(one, binary.get(one.name, False)) for one in outputs], {})


def read_request(body: bytes, header: int | None) -> Asked:
    """A request as it came.

    Parameters
    ----------
    header
        The length of its JSON, None where the header is missing.

    Raises
    ------
    BadMessage
    """
    head, blob = _head(body, header)
    _only(head, {"id", "parameters", "inputs", "outputs"}, "the request")
    id, parameters = _text(head.get("id", ""), "id"), _mapping(head.get("parameters", {}), "parameters")
    inputs = _tensors(head.get("inputs"), blob, "inputs")
    if not inputs:
        raise BadMessage("the request has no inputs")
    binary = parameters.get("binary_data_output", False) is True
    wanted: dict[str, bool] = {}
    for one in _list(head.get("outputs", []), "outputs"):
        _only(_mapping(one, "outputs"), {"name", "parameters"}, "an output")
        says = _mapping(one.get("parameters", {}), "parameters")
        wanted[_text(one.get("name"), "the name of an output")] = says.get("binary_data", binary) is True
    return Asked(inputs, wanted, binary, id, parameters)


def read_response(body: bytes, header: int | None) -> dict[str, Tensor]:
    """The outputs of an answer, by name. Raises BadMessage."""
    head, blob = _head(body, header)
    return {one.name: one for one in _tensors(head.get("outputs"), blob, "outputs")}


def _packed(
    before: dict[str, Any], name: str, tensors: Sequence[tuple[Tensor, bool]], after: dict[str, Any]
) -> tuple[bytes, dict[str, str]]:
    listed, blobs = [], []
    for one, binary in tensors:
        entry: dict[str, Any] = {"name": one.name, "datatype": one.datatype, "shape": list(one.shape)}
        if binary:
            blobs.append(_bytes(one))
            entry["parameters"] = {**one.parameters, "binary_data_size": len(blobs[-1])}
        else:
            entry["data"] = one.data.ravel().tolist()
            if one.parameters:
                entry["parameters"] = dict(one.parameters)
        listed.append(entry)
    head = json.dumps({**before, name: listed, **after}, separators=(",", ":"), allow_nan=False).encode()
    if not blobs:
        return head, {"Content-Type": "application/json"}
    return b"".join([head, *blobs]), {"Content-Type": "application/octet-stream", HEADER: str(len(head))}


def _bytes(tensor: Tensor) -> bytes:
    if tensor.datatype != "BYTES":
        return np.ascontiguousarray(tensor.data).astype(DATATYPES[tensor.datatype], copy=False).tobytes()
    texts = [str(text).encode() for text in tensor.data.ravel()]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def _head(body: bytes, header: int | None) -> tuple[dict[str, Any], memoryview]:
    if header is not None and not 0 < header <= len(body):
        raise BadMessage(f"{HEADER} says {header}, the message has {len(body)} bytes")
    text = bytes(body[:header])
    try:
        head = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        begins = " (it begins with a byte of a tensor?)" if header is None and b"\x00" in text[:4096] else ""
        reason = f"the message is not JSON{begins}: {shown(str(error))[:120]}"
        raise BadMessage(reason, hint=f"binary tensors need the header {HEADER}" if begins else "") from error
    return _mapping(head, "the message"), memoryview(body)[len(text) :]


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not a number of JSON")


def _tensors(listed: Any, blob: memoryview, what: str) -> tuple[Tensor, ...]:
    found, at = [], 0
    for entry in _list(listed, what):
        _only(_mapping(entry, what), {"name", "datatype", "shape", "parameters", "data"}, f"one of {what}")
        name, datatype = _text(entry.get("name"), "the name of a tensor"), _text(entry.get("datatype"), "a datatype")
        if datatype not in DATATYPES and datatype != "BYTES":
            known = ", ".join([*DATATYPES, "BYTES"])
            raise BadMessage(f"the tensor {shown(name)} is {shown(datatype)}; {known} are read")
        shape, says = _shape(entry.get("shape"), name), _mapping(entry.get("parameters", {}), "parameters")
        size = says.get("binary_data_size")
        rest = {key: value for key, value in says.items() if key != "binary_data_size"}
        if size is None:
            data = _listed(entry.get("data"), datatype, shape, name)
        else:
            if type(size) is not int or not 0 <= size <= len(blob) - at:
                raise BadMessage(f"the tensor {shown(name)} says {shown(str(size))} bytes, {len(blob) - at} are left")
            data = _unpacked(blob[at : at + size], datatype, shape, name)
            at += size
        found.append(Tensor(name, datatype, data, rest))
    if at != len(blob):
        raise BadMessage(f"the message has {len(blob)} bytes of tensors, its JSON speaks of {at}")
    return tuple(found)


def _unpacked(blob: memoryview, datatype: str, shape: tuple[int, ...], name: str) -> Any:
    if datatype == "BYTES":
        return np.array(_texts(blob, prod(shape), name), object).reshape(shape)
    kind = np.dtype(DATATYPES[datatype])
    if len(blob) != prod(shape) * kind.itemsize:
        needed = prod(shape) * kind.itemsize
        raise BadMessage(f"the tensor {shown(name)} of shape {list(shape)} needs {needed} bytes, {len(blob)} came")
    return np.frombuffer(blob, kind).reshape(shape)


def _texts(blob: memoryview, count: int, name: str) -> list[str]:
    texts: list[bytes] = []
    at = 0
    while at < len(blob) and len(texts) < count:
        length = int.from_bytes(blob[at : at + 4], "little")
        texts.append(bytes(blob[at + 4 : at + 4 + length]))
        at += 4 + length
    if len(texts) != count or at != len(blob):
        raise BadMessage(f"the tensor {shown(name)} does not hold {count} texts")
    return [text.decode("utf-8", "replace") for text in texts]


def _listed(data: Any, datatype: str, shape: tuple[int, ...], name: str) -> Any:
    if not isinstance(data, list):
        raise BadMessage(f"the tensor {shown(name)} has no data", hint=f"lists in JSON, or bytes and {HEADER}")
    try:
        flat = np.array(data, object if datatype == "BYTES" else None).ravel()
    except ValueError as error:
        raise BadMessage(f"the data of {shown(name)} are lists of different lengths") from error
    if len(flat) != prod(shape):
        raise BadMessage(
            f"the tensor {shown(name)} of shape {list(shape)} needs {prod(shape)} values, {len(flat)} came"
        )
    if datatype == "BYTES":
        return np.array([str(text) for text in flat], object).reshape(shape)
    kind = np.dtype(DATATYPES[datatype])
    whole = kind.kind in "iu"
    if flat.size and (flat.dtype.kind not in ("iu" if whole else "iuf")):
        raise BadMessage(f"the data of {shown(name)} are not numbers of {datatype}")
    if whole and flat.size and not (np.iinfo(kind).min <= flat.min() and flat.max() <= np.iinfo(kind).max):
        raise BadMessage(f"the data of {shown(name)} hold {flat.min()} to {flat.max()}, which {datatype} cannot")
    return flat.astype(kind).reshape(shape)


def _shape(value: Any, name: str) -> tuple[int, ...]:
    good = isinstance(value, list) and len(value) <= MOST_DIMENSIONS and all(type(s) is int and s >= 0 for s in value)
    if not good or prod(value) > 1 << 40:
        raise BadMessage(f"the shape of {shown(name)} is a list of whole numbers, got {shown(str(value))[:80]}")
    return tuple(value)


def _datatype(array: Any) -> str:
    for name, code in DATATYPES.items():
        if array.dtype == np.dtype(code):
            return name
    raise BadMessage(f"numbers of kind {array.dtype} have no name in the protocol", hint=f"use {', '.join(DATATYPES)}")


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadMessage(f"{what} is an object of JSON, got {type(value).__name__}")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadMessage(f"{what} is a list, got {type(value).__name__}")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or len(value) > 1024:
        raise BadMessage(f"{what} is a short text, got {shown(str(value))[:60]}")
    return value


def _only(value: Mapping[str, Any], known: set[str], what: str) -> None:
    if more := sorted(value.keys() - known):
        raise BadMessage(f"{what} has {shown(more[0])[:60]}, which the protocol does not know")


__all__ = ["DATATYPES", "HEADER", "Asked", "Tensor", "read_request", "read_response", "request", "response"]

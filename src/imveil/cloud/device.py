"""Where to compute, and in which numbers."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from imveil.cloud.training.settings import Precision
from imveil.errors import BadField
from imveil.extras import torch

HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def pick_device(name: str | torch.device | None = None) -> torch.device:
    """The device of that name; "auto" or None is a CUDA device where there is one, else the CPU.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name is None or name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:  # one of several processes: each has a device of its own
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BadField(f"device must be auto, cpu or cuda, got {name!r}") from error
    if device.type not in ("cpu", "cuda"):
        raise BadField(f"device must be auto, cpu or cuda, got {str(name)!r}")
    if device.type == "cuda" and not (torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()):
        raise BadField(f"there is no device {str(name)!r} here", hint="use --device cpu")
    return device


def accelerator(device: torch.device) -> str | None:
    """What a device other than the processor is called, None for the processor.

    >>> accelerator(torch.device("cpu"))
    """
    return None if device.type == "cpu" else torch.cuda.get_device_name(device)


def precision_of(device: torch.device, asked: Precision = "auto") -> Precision:
    """What a net is multiplied in on a device: what was asked for, or the shortest numbers that its hardware has.

    That is bf16 where there is such hardware, fp16 on CUDA devices with matrix units for nothing else (capability 7.0
    and 7.5), and float32 elsewhere, where shorter numbers are emulated and slower.

    >>> precision_of(torch.device("cpu"), "float32")
    'float32'
    """
    if asked != "auto":
        return asked
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        return "bf16" if capability >= (8, 0) else "fp16" if capability >= (7, 0) else "float32"
    if platform.system() != "Linux":
        return "float32"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return "float32"
    return "bf16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"


def shortened(device: torch.device, precision: Precision) -> torch.autocast:
    """A context in which nets are multiplied in these numbers; in float32 it does nothing."""
    half = HALVES.get(precision)
    return torch.autocast(device.type, half, enabled=half is not None)

"""Where to compute, and in which numbers."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from imveil.cloud.extra import torch
from imveil.errors import BadField


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


def uses_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware. Elsewhere it is emulated, and slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.get_device_capability(device) >= (8, 0))
    if platform.system() != "Linux":
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags

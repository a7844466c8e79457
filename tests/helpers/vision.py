"""torchvision beside a torch for CPUs alone: it imports where two operators that no test uses are declared."""

from __future__ import annotations

import warnings
from typing import Any

import pytest


def v2() -> Any:
    """torchvision.transforms.v2; the test is skipped where it is not there."""
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import torchvision.transforms.v2 as found
        except ImportError:
            pytest.skip("torchvision is not installed")
        except RuntimeError:
            library = torch.library.Library("torchvision", "DEF")
            library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            KEPT.append(library)
            try:
                import torchvision.transforms.v2 as found
            except RuntimeError as error:
                pytest.skip(f"this torchvision does not fit this torch: {error}")
    return found


KEPT: list[Any] = []  # a library that is dropped takes its operators with it

"""Libraries that only some parts need: imported when asked for, or one clear line.

torch, nn and safetensors are taken from here wherever the cloud computes, so that a missing extra has one message.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from imveil.errors import MissingExtra

if TYPE_CHECKING:
    import safetensors.torch
    import torch
    from torch import nn

_TRAINING = {"torch": "torch", "nn": "torch.nn", "safetensors": "safetensors.torch"}

__all__ = ["need", "nn", "safetensors", "torch"]


def need(module: str, extra: str, what: str) -> Any:
    """The module, imported now.

    Parameters
    ----------
    what
        Needs it; the subject of the error's sentence.

    Raises
    ------
    MissingExtra

    >>> need("json", "none", "this example").dumps([1])
    '[1]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = (error.name or module).partition(".")[0]
        raise MissingExtra(
            f"{what} needs {package}, and it is not installed", hint=f"pip install 'imveil[{extra}]'"
        ) from error
    except (RuntimeError, OSError) as error:  # what compiled packages raise that were built for another one
        first = str(error).partition("\n")[0]
        raise MissingExtra(
            f"{what} needs {module.partition('.')[0]}, and it cannot be loaded here: {first}",
            hint="install versions that fit together",
        ) from error


def __getattr__(name: str) -> Any:
    if name not in _TRAINING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        for module in _TRAINING.values():
            import_module(module)
    except ImportError as error:
        missing = (error.name or "one of them").partition(".")[0]
        raise MissingExtra(
            f"training and prediction need torch and safetensors, and {missing} is not installed",
            hint="pip install 'imveil[train]'",
        ) from error
    return import_module(_TRAINING[name].removesuffix(".torch") if name == "safetensors" else _TRAINING[name])

"""imveil: train and query image models on pictures nobody can see, and measure what an attacker could still see.

The public names are loaded when asked for: importing imveil loads neither torch nor numba.

>>> import imveil
>>> imveil.find("logistic-xor/1", index="pixel").index
'pixel'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imveil import attacks as attacks
    from imveil import audit as audit
    from imveil import cloud as cloud
    from imveil import metrics as metrics
    from imveil import owner as owner
    from imveil import schemes as schemes
    from imveil.cloud.data.torch_dataset import CipherDataset as CipherDataset
    from imveil.keys.key import Key as Key
    from imveil.keys.reference import KeyRef as KeyRef
    from imveil.owner.pipelines.samples import EncryptColumn as EncryptColumn
    from imveil.owner.pipelines.samples import EncryptSample as EncryptSample
    from imveil.plans.plan import Plan as Plan
    from imveil.schemes.base import Cipher as Cipher
    from imveil.schemes.base import Scheme as Scheme
    from imveil.schemes.base import Traits as Traits

__version__ = "0.1.0"

_ROOMS = ("schemes", "attacks", "metrics", "audit", "owner", "cloud")
_HOMES = {
    "CipherDataset": "imveil.cloud.data.torch_dataset",
    "EncryptColumn": "imveil.owner.pipelines.samples",
    "EncryptSample": "imveil.owner.pipelines.samples",
    "Key": "imveil.keys.key",
    "KeyRef": "imveil.keys.reference",
    "Plan": "imveil.plans.plan",
    "Scheme": "imveil.schemes.base",
    "Cipher": "imveil.schemes.base",
    "Traits": "imveil.schemes.base",
}


def find(name: str, /, **fields: Any) -> Scheme:
    """The scheme called `name` with these fields: `imveil.schemes.find`.

    Parameters
    ----------
    name
        An id, or a scheme in a file of your own, "mine.py:Stripes".

    Raises
    ------
    UnknownName
        With the nearest names.
    BadField
        A TypeError too, for a field or value that it does not have.

    >>> find("negpos/1", per_image=True).traits.per_image
    True
    """
    from imveil import schemes

    return schemes.find(name, **fields)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"imveil.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    errors = import_module("imveil.errors")
    if name[:1].isupper() and hasattr(errors, name):
        return getattr(errors, name)
    raise AttributeError(f"module 'imveil' has no attribute {name!r}")


def __dir__() -> list[str]:
    errors = [name for name in vars(import_module("imveil.errors")) if name[:1].isupper()]
    return sorted([*_HOMES, *errors, *_ROOMS, "find", "__version__"])

"""Plans: a permutation and an xor over the units of one image. Compose with @, invert with ~.

    y[i] = x[order[i]] XOR mask[i]

over the bytes, or the nibbles, of one image in memory order (row, column, channel). Scrambling, rotation, flips, pixel
and colour shuffling, negative-positive and XOR sequences are all elements of this group, so a scheme of five steps is
one gather and one XOR. Nibble 2j is the low half of byte j. A plan is as secret as the key it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from imveil.errors import BadDtype, BadMaterial, BadShape, NotInvertible
from imveil.plans.arrays import PreparedPlan, apply

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """One permutation and one XOR over the units of an image, kept in its coarsest unit.

    order: (n,) integers, unit i of the cipher is unit order[i] of the picture; None is the identity, and applying is
    then
        one XOR at the speed of memory. An order that repeats a position is allowed (some published code loses a
        colour that way) and cannot be inverted.
    mask: (n,) uint8, XORed after the gather; None is all zeros.
    unit: bits of a unit, 8 (bytes) or 4 (nibbles, two to a byte, the low one first).

    An identity order and a zero mask are kept as None, nibbles that move in pairs as bytes: equal ciphers are equal
    plans.

    >>> flip = Plan(order=np.array([2, 1, 0]))
    >>> masked = Plan(mask=np.array([1, 2, 4], np.uint8))
    >>> (masked @ flip)(np.array([10, 20, 30], np.uint8).reshape(1, 1, 1, 3)).ravel().tolist()
    [31, 22, 14]
    >>> ~(masked @ flip) @ masked @ flip == Plan()
    True
    """

    order: I32 | None = None
    mask: U8 | None = None
    unit: int = 8

    def __post_init__(self) -> None:
        if self.unit not in (4, 8):
            raise BadMaterial(f"a unit is 8 or 4 bits, not {self.unit}")
        order, mask = _checked_order(self.order), _checked_mask(self.mask, self.unit)
        if order is not None and mask is not None and len(order) != len(mask):
            raise BadShape(f"order has {len(order)} units and mask has {len(mask)}; a plan needs as many of both")
        length = len(order) if order is not None else len(mask) if mask is not None else 0
        if self.unit == 4 and length % 2:
            raise BadShape(f"{length} nibbles are no whole number of bytes")
        unit = self.unit
        if order is not None and _identical(order):
            order = None
        if unit == 4 and (order is None or _pairs(order)):
            order = None if order is None else order[::2] // 2
            mask = None if mask is None else np.asarray(mask[::2] | mask[1::2] << 4, np.uint8)
            unit = 8
        if mask is not None and not mask.any():
            mask = None
        for array in (order, mask):
            if array is not None:
                array.setflags(write=False)
        object.__setattr__(self, "order", order)
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "unit", unit)

    @property
    def nbytes(self) -> int | None:
        """How many bytes an image must have; None when any image will do (the identity)."""
        return self.prepared.nbytes

    @cached_property
    def prepared(self) -> PreparedPlan:
        """What arrays and tensors need to apply this plan fast; made once, kept with the plan."""
        return PreparedPlan(self.order, self.mask, self.unit)

    @cached_property
    def invertible(self) -> bool:
        """Whether every unit of the picture is somewhere in the cipher.

        >>> Plan(order=np.array([0, 0, 2])).invertible
        False
        """
        return self.order is None or bool((np.bincount(self.order, minlength=len(self.order)) == 1).all())

    def __call__(self, images: Any, out: Any = None) -> Any:
        """Apply to a batch.

        Parameters
        ----------
        images
            (n, h, w, c) uint8, a numpy array or a torch tensor on any device, contiguous or not.
        out
            Where the result goes, same shape and kind; `out=images` works in place. A new array when None.

        Raises
        ------
        BadDtype
            For anything but uint8.
        BadShape
            For images of another size than the plan's.
        """
        if getattr(images, "ndim", None) != 4:
            raise BadShape(f"images are (n, h, w, c), got shape {tuple(getattr(images, 'shape', ()))}")
        if str(images.dtype) not in ("uint8", "torch.uint8"):
            raise BadDtype(f"images are uint8, got {images.dtype}", hint="convert to 0..255 integers first")
        size = images.shape[1] * images.shape[2] * images.shape[3]
        if self.nbytes is not None and self.nbytes != size:
            raise BadShape(
                f"this plan is for images of {self.nbytes} bytes, got {tuple(images.shape[1:])} = {size} bytes"
            )
        if out is not None and (out.shape != images.shape or out.dtype != images.dtype):
            raise BadShape(f"out must be {images.dtype} {tuple(images.shape)}, got {out.dtype} {tuple(out.shape)}")
        if isinstance(images, np.ndarray):
            return apply(self.prepared, images, out)
        from imveil.plans import tensors  # torch is imported by whoever made the tensor

        return tensors.apply(self.prepared, images, out)

    def __invert__(self) -> Plan:
        """The plan that undoes this one. Raises NotInvertible when units of the picture are lost."""
        return self if self.order is None else self._inverse

    @cached_property
    def _inverse(self) -> Plan:
        # Kept, so that what is found out about it (stretches, tensors on devices) is found out once too.
        assert self.order is not None
        if not self.invertible:
            raise NotInvertible("this plan drops parts of the picture: nothing can bring them back")
        inverse = np.empty_like(self.order)
        inverse[self.order] = np.arange(len(self.order), dtype=np.int32)
        return Plan(inverse, None if self.mask is None else self.mask[inverse], self.unit)

    def __matmul__(self, first: Plan) -> Plan:
        """`later @ earlier`: the one plan that does `earlier`, then `later`. Refines both to the finer unit first."""
        if self.nbytes is None or first.nbytes is None:
            return self if first.nbytes is None else first
        if self.nbytes != first.nbytes:
            raise BadShape(f"plans for {first.nbytes} and {self.nbytes} bytes cannot be composed")
        unit = min(self.unit, first.unit)
        later, earlier = self._refined(unit), first._refined(unit)
        order, mask = earlier.order, earlier.mask
        if later.order is not None:
            order = later.order if order is None else order[later.order]
            mask = None if mask is None else mask[later.order]
        if later.mask is not None:
            mask = later.mask if mask is None else mask ^ later.mask
        return Plan(order, mask, unit)

    def _refined(self, unit: int) -> _Units:
        """Order and mask in units of `unit` bits, not brought back to canonical form."""
        if unit == self.unit:
            return _Units(self.order, self.mask)
        pair = np.arange(2, dtype=np.int32)
        order: Any = None if self.order is None else (2 * self.order[:, None] + pair).ravel()
        mask = None if self.mask is None else np.stack([self.mask & 15, self.mask >> 4], axis=1).ravel()
        return _Units(order, mask)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        pairs: Any = ((self.order, other.order), (self.mask, other.mask))
        return self.unit == other.unit and all(
            a is b if a is None or b is None else np.array_equal(a, b) for a, b in pairs
        )

    def __hash__(self) -> int:
        return hash((self.unit, *(None if a is None else a.tobytes() for a in (self.order, self.mask))))

    def __repr__(self) -> str:
        """What kind of plan it is, never its numbers: they are as good as the key."""
        parts = [name for name, array in (("order", self.order), ("mask", self.mask)) if array is not None]
        return f"Plan({' + '.join(parts) or 'identity'}, unit={self.unit}, nbytes={self.nbytes})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Plan, (self.order, self.mask, self.unit)


@dataclass(frozen=True)
class _Units:
    order: I32 | None
    mask: U8 | None


def _checked_order(order: Any) -> I32 | None:
    if order is None:
        return None
    order = np.asarray(order)
    if order.ndim != 1 or order.dtype.kind not in "iu":
        raise BadMaterial(f"an order is a flat array of integers, got {order.dtype} {order.shape}")
    if order.size and not (int(order.min()) >= 0 and int(order.max()) < len(order)):
        raise BadMaterial(f"an order of {len(order)} units holds positions 0..{len(order) - 1} only")
    return np.array(order, np.int32)


def _checked_mask(mask: Any, unit: int) -> U8 | None:
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.ndim != 1 or mask.dtype != np.uint8:
        raise BadMaterial(f"a mask is a flat array of uint8, got {mask.dtype} {mask.shape}")
    if unit == 4 and mask.size and int(mask.max()) > 15:
        raise BadMaterial("a mask of nibbles holds 0..15 only")
    return np.array(mask)


def _identical(order: I32) -> bool:
    return not len(order) or bool(
        order[0] == 0 and order[-1] == len(order) - 1 and np.array_equal(order, np.arange(len(order), dtype=np.int32))
    )


def _pairs(order: I32) -> bool:
    """Whether nibbles move in pairs, low to low, so that bytes say the same."""
    return bool((order[::2] % 2 == 0).all() and (order[1::2] == order[::2] + 1).all())

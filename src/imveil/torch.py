"""For torch: `imveil.torch.Encrypt`, the transform of the owner's side. See docs/pipelines.md."""

from imveil.owner.pipelines.torch import Encrypt

__all__ = ["Encrypt"]

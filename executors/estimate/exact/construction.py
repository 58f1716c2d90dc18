"""What building a model needs on a device that exists in name only."""

# ruff: noqa: ANN401 - these stand in for functions of PyTorch that take anything

from typing import Any

from .device import NAME


def install() -> None:
    """Replace what PyTorch cannot do with tensors without numbers."""
    import torch
    from transformers.utils import import_utils

    torch.nn.Module._apply = _apply  # type: ignore[method-assign]
    torch.tensor = _tensor_from(torch.tensor)
    torch.nn.init.trunc_normal_ = _same  # draws again until it likes the numbers, and there are none
    if hasattr(import_utils, "is_fake_tensor"):  # transformers makes other masks while a graph is traced
        import_utils.is_fake_tensor = _never


def _never(x: Any) -> bool:
    return False


def _same(tensor: Any, *arguments: Any, **options: Any) -> Any:
    return tensor


def _apply(self: Any, change: Any, recurse: bool = True) -> Any:
    """Convert a module's tensors; PyTorch would exchange the tensors' insides, which fake ones refuse."""
    import torch

    for child in self.children() if recurse else ():
        child._apply(change)
    for name, value in self._parameters.items():
        if value is not None:
            with torch.no_grad():
                changed = change(value)
            if changed is not value:
                self._parameters[name] = torch.nn.Parameter(changed, value.requires_grad)
    for name, value in self._buffers.items():
        if value is not None:
            self._buffers[name] = change(value)
    return self


def _tensor_from(original: Any) -> Any:
    """Return ``torch.tensor`` that makes tensors without numbers on the device."""

    def tensor(data: Any, *, dtype: Any = None, device: Any = None, **options: Any) -> Any:
        import torch

        if device is None or torch.device(device).type != NAME:
            return original(data, dtype=dtype, device=device, **options)
        known = original(data, dtype=dtype, device="cpu")
        return torch.empty(known.shape, dtype=known.dtype, device=NAME, **options)

    return tensor

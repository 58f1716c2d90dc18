"""Operations for which CUDA has one kernel, and PyTorch takes other devices through several smaller operations.

Without these, a trace would count temporaries that a GPU never makes.

Source: PyTorch ``aten/src/ATen/native/native_functions.yaml``: entries with both a kernel for CUDA and one that
composes others.
"""

from typing import Any

LIKE_SECOND = ("silu_backward", "mish_backward")
"""Backward passes that make one tensor like the operation's input, which comes second."""

_libraries: list[Any] = []


def install() -> None:
    """Give the device one kernel for each of these operations."""
    import torch

    library = torch.library.Library("aten", "IMPL")
    for name in LIKE_SECOND:
        library.impl(name, lambda gradient, value: torch.empty_like(value), "PrivateUse1")
    _libraries.append(library)

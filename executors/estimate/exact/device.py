"""A GPU that exists in name only: tensors on it have shapes and lifetimes, but no numbers.

A fake ``cuda`` device would not do: without a GPU, PyTorch's backward pass ends the process on it.
"""

from typing import Any

NAME = "simgpu"
"""The device's name in PyTorch."""


def register() -> None:
    """Make the device known to PyTorch; once per process, and for good.

    Source: PyTorch ``torch/utils/backend_registration.py``; ``torch/utils/checkpoint.py`` for the random state.
    """
    import torch
    from torch.utils import backend_registration as backend

    class Device(backend._DummyBackendModule):
        def get_amp_supported_dtype(self) -> list[torch.dtype]:
            return [torch.bfloat16, torch.float16]

        def is_bf16_supported(self) -> bool:
            return True

        def get_rng_state(self, device: Any = None) -> torch.Tensor:  # noqa: ANN401 - a number, name or device
            return torch.zeros(1, device="cpu")

        def set_rng_state(self, state: torch.Tensor, device: Any = None) -> None:  # noqa: ANN401 - as above
            """Ignore the state: nothing here is random."""

    backend._setup_privateuseone_for_python_backend(NAME, backend_module=Device())

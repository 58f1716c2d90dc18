"""Optimizers on the simulated GPU: PyTorch's own, and the states of those whose kernels need a real one."""

# ruff: noqa: ANN401 - modules and tensors of libraries that are imported late

from collections.abc import Callable
from functools import partial
from typing import Any

from ..optimizers import FP32, SMALL, STATE_BLOCK
from ..request import EstimateRequest
from .device import NAME

BITSANDBYTES = {"adamw_8bit": (2, True), "lion": (1, False), "lion_8bit": (1, True)}
"""States per number, and whether they are packed to 8 bits."""
PAGED = frozenset({"paged_adamw_8bit", "paged_adamw_32bit"})
"""Their states lie in memory that the driver moves, outside of PyTorch's books."""


def make_optimizer(request: EstimateRequest, model: Any) -> Any:
    """Return the optimizer over a model's trained parameters, those without decay in a group of their own.

    Source: transformers ``Trainer.create_optimizer`` and ``get_optimizer_cls_and_kwargs``.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.dim() > 1]},
        {"params": [parameter for parameter in trained if parameter.dim() < 2]},
    ]
    return _makers()[request.optimizer]([group for group in groups if group["params"]])


def _makers() -> dict[str, Callable[[Any], Any]]:
    import torch
    from torch.optim import SGD, AdamW

    def adafactor(groups: Any) -> Any:
        from transformers.optimization import Adafactor

        return Adafactor(groups, lr=1e-4, scale_parameter=False, relative_step=False)

    makers: dict[str, Callable[[Any], Any]] = {
        "adamw_torch": lambda groups: AdamW(groups, foreach=True),
        "adamw_torch_fused": lambda groups: AdamW(groups, fused=True),
        "adafactor": adafactor,
        "sgd": lambda groups: SGD(groups, lr=1e-4, foreach=True),
        "sgd_momentum": lambda groups: SGD(groups, lr=1e-4, momentum=0.9, foreach=True),
    }

    class States(torch.optim.Optimizer):
        """Keep what bitsandbytes keeps; its kernels need nothing beside it.

        Source: bitsandbytes ``optim/optimizer.py``, ``get_state_buffer`` and ``init_state``.
        """

        def __init__(self, groups: Any, states: int, packed: bool) -> None:
            super().__init__(groups, {})
            self.states, self.packed = states, packed

        @torch.no_grad()
        def step(self, closure: Any = None) -> Any:
            for parameter in (parameter for group in self.param_groups for parameter in group["params"]):
                if parameter not in self.state:
                    self.state[parameter] = dict(enumerate(self._fresh(parameter.numel())))

        def _fresh(self, count: int) -> list[Any]:
            packed = self.packed and count >= SMALL
            sizes = (count, -(-count // STATE_BLOCK) * FP32) if packed else (count * FP32,)
            return [torch.empty(size, dtype=torch.uint8, device=NAME) for _ in range(self.states) for size in sizes]

    kept = BITSANDBYTES | dict.fromkeys(PAGED, (0, True))
    return makers | {name: partial(States, states=states, packed=packed) for name, (states, packed) in kept.items()}

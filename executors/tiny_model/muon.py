"""The Muon optimizer in fp32, for processors on which torch's bf16 version is slow.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks" (Newton-Schulz coefficients);
Liu et al. 2025, arXiv 2502.16982, equation 4 (update scaled by 0.2 times the root of the larger side).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon:
    """Update matrices by their orthogonalised momentum; matrices of one shape are handled together.

    Args:
        parameters: Matrices of shape ``(out, in)``.
        learning_rate: Step size; 1e-3 to 5e-3 is a good range.
        momentum: Share of the old direction kept, 0 to 1.
        weight_decay: Decoupled weight decay, 0 or more.
    """

    def __init__(
        self,
        parameters: Iterable["torch.Tensor"],
        learning_rate: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        import torch

        self.parameters = list(parameters)
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self._directions = [torch.zeros_like(parameter) for parameter in self.parameters]

    def step(self) -> None:
        """Apply one update and forget the gradients."""
        import torch

        with torch.no_grad():
            for group in self._by_shape():
                updates = torch.stack([self._direction(index) for index in group])
                wide = updates.shape[1] <= updates.shape[2]
                orthogonal = _orthogonalise(updates if wide else updates.mT)
                for index, update in zip(group, orthogonal if wide else orthogonal.mT, strict=True):
                    parameter = self.parameters[index]
                    factor = 0.2 * max(parameter.shape) ** 0.5
                    parameter.mul_(1 - self.learning_rate * self.weight_decay).add_(
                        update, alpha=-self.learning_rate * factor
                    )
                    parameter.grad = None

    def _by_shape(self) -> list[list[int]]:
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, parameter in enumerate(self.parameters):
            groups.setdefault(tuple(parameter.shape), []).append(index)
        return list(groups.values())

    def _direction(self, index: int) -> "torch.Tensor":
        gradient = self.parameters[index].grad
        assert gradient is not None
        self._directions[index].lerp_(gradient, 1 - self.momentum)
        return gradient.lerp(self._directions[index], self.momentum)


def _orthogonalise(updates: "torch.Tensor", rounds: int = 4) -> "torch.Tensor":
    """Return the nearest semi-orthogonal matrices of a batch of shape ``(count, short, long)``."""
    a, b, c = COEFFICIENTS
    result: torch.Tensor = updates / (updates.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(rounds):
        product = result @ result.mT
        result = a * result + (b * product + c * (product @ product)) @ result
    return result

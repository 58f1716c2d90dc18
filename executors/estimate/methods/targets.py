"""Which linear layers a method adapts."""

from collections.abc import Iterator

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from ..weights import Architecture, Weight


def adapted(weight: Weight, targets: tuple[str, ...]) -> bool:
    """Whether a weight is adapted; no targets means all linear layers of the blocks."""
    return weight.role == "linear" and (not targets or weight.name.rpartition(".")[2] in targets)


def chosen(architecture: Architecture, targets: tuple[str, ...]) -> Iterator[tuple[int, Weight]]:
    """Return the adapted layers with how often each occurs.

    Raises:
        UnsupportedError: No layer has any of the names.
    """
    found = [(count, weight) for count, weight in architecture.weights() if adapted(weight, targets)]
    if not targets and any(weight.role == "expert" for _, weight in architecture.weights()):
        raise UnsupportedError(say("estimate.experts_in_all"))
    if not found:
        names = sorted({weight.name for _, weight in architecture.weights() if weight.role == "linear"})
        raise UnsupportedError(say("estimate.no_such_target", targets=", ".join(targets), known=", ".join(names)))
    return iter(found)

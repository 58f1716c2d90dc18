"""Which linear layers a method adapts."""

from collections.abc import Iterator

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from ..weights import Architecture, Weight


def adapted(weight: Weight, targets: tuple[str, ...]) -> bool:
    """Whether a weight is adapted; no targets means all linear layers of the blocks.

    Source: peft ``tuners/tuners_utils.py``, ``check_target_module_exists``: a target is the end of a name.
    """
    return weight.is_linear and (not targets or any(_ends(weight, target) for target in targets))


def _ends(weight: Weight, target: str) -> bool:
    return f".{weight.name}".endswith(f".{target}")


def matching(architecture: Architecture, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the targets that some linear layer has; all of them where none has, so that the check can tell.

    Source: peft ``tuners/tuners_utils.py``, ``inject_adapter``: names without a layer are passed over beside others.
    """
    layers = [weight for _, weight in architecture.weights() if weight.is_linear]
    return tuple(target for target in targets if any(_ends(weight, target) for weight in layers)) or targets


def check_targets(architecture: Architecture, targets: tuple[str, ...]) -> None:
    """Refuse names that no linear layer has, beside ones that exist as well as alone.

    Raises:
        UnsupportedError: Some name is no layer's; tells which there are.
    """
    layers = [weight for _, weight in architecture.weights() if weight.is_linear]
    if unknown := [target for target in targets if not any(_ends(weight, target) for weight in layers)]:
        known = ", ".join(dict.fromkeys(weight.name for weight in layers))
        raise UnsupportedError(say("estimate.no_such_target", targets=", ".join(unknown), known=known))


def chosen(architecture: Architecture, targets: tuple[str, ...]) -> Iterator[tuple[int, Weight]]:
    """Return the adapted layers with how often each occurs.

    Raises:
        UnsupportedError: Some name is no layer's, or all layers are meant and some are experts.
    """
    check_targets(architecture, targets)
    if not any(weight.is_linear for _, weight in architecture.weights()):
        raise UnsupportedError(say("estimate.no_linear_layers"))
    if not targets and any(weight.role == "expert" for _, weight in architecture.weights()):
        raise UnsupportedError(say("estimate.experts_in_all"))
    return ((count, weight) for count, weight in architecture.weights() if adapted(weight, targets))

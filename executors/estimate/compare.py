"""The same run with every method, side by side."""

from ...knowledge.frozen import Frozen
from .estimate import estimate
from .methods.find import method_names, weights_of
from .request import EstimateRequest
from .result import Estimate
from .unsupported import UnsupportedError

WITHOUT_CHECKPOINTING = frozenset({"prefix_tuning", "p_tuning_v2"})
"""Methods that peft does not run with gradient checkpointing; where others use it, they are estimated without."""


class Compared(Frozen):
    """Hold one method's estimate, or why there is none."""

    method: str
    estimate: Estimate | None
    unsupported: str = ""


def compare(request: EstimateRequest) -> list[Compared]:
    """Return every method's estimate for one run, the one that needs least memory first."""
    found = [_compared(for_method(request, method)) for method in training_methods()]
    return sorted(found, key=lambda one: one.estimate.peak.device_bytes if one.estimate else 2**62)


def training_methods() -> tuple[str, ...]:
    """Return the methods that train."""
    return tuple(method for method in method_names() if method != "inference")


def for_method(request: EstimateRequest, method: str) -> EstimateRequest:
    """Return the run with another method, without what that method cannot be combined with.

    Weights that are kept as the run's own method keeps them are kept as the other one does.
    """
    again = request.grad_checkpointing and method not in WITHOUT_CHECKPOINTING
    own = request.dtype == weights_of(request.method)
    dtype = weights_of(method) if own else request.dtype
    return request.model_copy(update={"method": method, "grad_checkpointing": again, "dtype": dtype})


def _compared(request: EstimateRequest) -> Compared:
    try:
        return Compared(method=request.method, estimate=estimate(request))
    except UnsupportedError as problem:
        return Compared(method=request.method, estimate=None, unsupported=problem.message)

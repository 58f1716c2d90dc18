"""The same run with every method, side by side."""

from ...knowledge.frozen import Frozen
from .estimate import estimate
from .methods.find import method_names
from .request import EstimateRequest
from .result import Estimate
from .unsupported import UnsupportedError


class Compared(Frozen):
    """Hold one method's estimate, or why there is none."""

    method: str
    estimate: Estimate | None
    unsupported: str = ""


def compare(request: EstimateRequest) -> list[Compared]:
    """Return every method's estimate for one run, the one that needs least memory first."""
    found = [
        _compared(request.model_copy(update={"method": method})) for method in method_names() if method != "inference"
    ]
    return sorted(found, key=lambda one: one.estimate.peak.device_bytes if one.estimate else 2**62)


def _compared(request: EstimateRequest) -> Compared:
    try:
        return Compared(method=request.method, estimate=estimate(request))
    except UnsupportedError as problem:
        return Compared(method=request.method, estimate=None, unsupported=problem.message)

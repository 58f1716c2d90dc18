"""Tell how much memory a run takes, before anything runs."""

from .architectures.find import architecture_of
from .request import BITS, EstimateRequest
from .result import Estimate, Part, Peak
from .unsupported import UnsupportedError
from .weights import Architecture, rounded


def estimate(request: EstimateRequest) -> Estimate:
    """Return memory, time and money of one run.

    Raises:
        UnsupportedError: The architecture or a setting is outside what is known.
    """
    shape = architecture_of(request.config)
    if request.method not in {"full", "lora", "qlora"}:
        raise UnsupportedError(f"unsupported: method {request.method}")
    trained = _trained(shape, request)
    item = BITS[request.dtype]
    stored = 0.516 if request.method == "qlora" else item
    weights = sum(
        count * rounded(int(weight.elements * (stored if weight.role == "linear" else item)))
        for count, weight in shape.weights()
    )
    grad = trained * (item if request.method == "full" else 4)
    parts = [
        Part(name="weights", bytes=weights),
        Part(name="gradients", bytes=grad),
        Part(name="optimizer", bytes=2 * grad),
        Part(name="activations", bytes=request.tokens * (2 * shape.hidden * shape.layers + 40 * shape.hidden)),
        Part(name="logits", bytes=request.tokens * shape.vocab * 12),
    ]
    total = sum(part.bytes for part in parts)
    peak = Peak(
        allocated_bytes=total,
        reserved_bytes=total,
        device_bytes=total + 2**30,
        low_bytes=total,
        high_bytes=int(total * 1.2) + 2**30,
        phase="backward",
    )
    return Estimate(
        model=request.model,
        method=request.method,
        stack={"name": request.stack},
        assumptions=[],
        parameters=shape.parameters,
        trainable_parameters=trained,
        peak=peak,
        phases={"backward": total},
        steady_bytes=weights + 2 * grad,
        breakdown=parts,
        time=None,
        cost=None,
        fits=[],
    )


def _trained(shape: Architecture, request: EstimateRequest) -> int:
    if request.method == "full":
        return shape.parameters
    chosen = [
        (count, weight)
        for count, weight in shape.weights()
        if weight.role == "linear" and (not request.targets or weight.name in request.targets)
    ]
    return sum(count * request.rank * sum(weight.shape) for count, weight in chosen)

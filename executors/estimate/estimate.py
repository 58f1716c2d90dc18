"""Tell how much memory, time and money a run takes, before anything runs."""

from ...knowledge.find import find_gpu
from ...knowledge.gpu import GpuCard
from ...knowledge.messages import say
from ...knowledge.stack import Stack
from .architectures.find import architecture_of
from .device import Outside, around, limit_of, workspace_of
from .duration import cost_of, duration_of
from .generation import generation_of
from .heads import headed
from .host import around_on_cpu
from .inputs import with_lengths
from .memory import Memory, memory_of
from .methods.find import method_of
from .methods.method import FineTuning
from .request import EstimateRequest
from .result import Estimate, Fit, Peak
from .settings import CLASSIFIERS, ENCODERS, assumptions_of, filled
from .stacks import stack_named
from .unsupported import UnsupportedError
from .weights import Architecture


def estimate(request: EstimateRequest, *, replay: bool = False) -> Estimate:
    """Return memory, time and money of one run.

    Args:
        request: The model, the method and the settings.
        replay: Whether the caching allocator's reserve is found by replaying a step, which takes several times as
            long as all else; without it, the reserve is what the run needs at least.

    Raises:
        UnsupportedError: The architecture or a setting is outside what is known; never a guess.
        UserError: A GPU has no card.
    """
    request = filled(request)
    stack = stack_named(request.stack)
    architecture = architecture_of(request.config, stack)
    if request.labels and request.config["model_type"] not in ENCODERS | CLASSIFIERS:
        architecture = headed(architecture, request)
    request = with_lengths(request, architecture)
    if architecture.needs_eager and request.attention == "sdpa":
        request = request.model_copy(update={"attention": "eager"})
    if architecture.convolutional:
        request = request.model_copy(update={"grad_checkpointing": False})
    if not architecture.has_head:
        raise UnsupportedError(say("estimate.no_head"))
    method = method_of(request)
    method.check(architecture)
    cards = [find_gpu(name) for name in request.gpu]
    card = cards[0] if cards else None
    memory = _memory(request, architecture, method, stack, card, replay)
    on_cpu = request.device == "cpu"
    outside = around_on_cpu(request, architecture, memory) if on_cpu else around(request, memory)
    trains = request.method != "inference"
    duration = duration_of(request, architecture, method, memory.trained, card) if trains else None
    return Estimate(
        model=request.model or str(request.config["model_type"]),
        method=request.method,
        stack={"name": stack.id, "transformers": f">={stack.transformers_from},<{stack.transformers_below}"},
        assumptions=assumptions_of(request, card),
        parameters=architecture.parameters,
        trainable_parameters=memory.trained,
        peak=_peak(memory, outside),
        phases=memory.phases,
        steady_bytes=memory.steady,
        breakdown=memory.parts,
        time=duration,
        cost=cost_of(request, duration, card),
        gpus=request.gpus,
        parallel=request.parallel,
        fits=[fit_of(card, outside.low, outside.high) for card in cards],
    )


def _memory(
    request: EstimateRequest,
    architecture: Architecture,
    method: FineTuning,
    stack: Stack,
    card: GpuCard | None,
    replay: bool,
) -> Memory:
    workspace = workspace_of(request, card)
    if request.method == "inference":
        return generation_of(request, architecture, method, stack, workspace)
    limit = limit_of(card) if replay and request.device == "cuda" else None
    return memory_of(request, architecture, method, stack, workspace, limit)


def _peak(memory: Memory, outside: Outside) -> Peak:
    return Peak(
        allocated_bytes=memory.peak,
        reserved_bytes=outside.reserved,
        device_bytes=outside.device,
        low_bytes=outside.low,
        high_bytes=outside.high,
        phase=memory.phase,
    )


def fit_of(card: GpuCard, low_bytes: int, high_bytes: int) -> Fit:
    """Return whether a GPU holds a need between ``low_bytes`` and ``high_bytes``."""
    headroom = card.memory_bytes - high_bytes
    tight = low_bytes <= card.memory_bytes < high_bytes
    return Fit(gpu=card.id, fits=headroom >= 0, headroom_bytes=headroom, tight=tight)

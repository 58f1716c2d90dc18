"""Tell how much memory a run takes from a trace of the real model, without a GPU and without weights."""

from importlib.metadata import PackageNotFoundError, version

from ....knowledge.conflict import version_number
from ....knowledge.errors import UserError
from ....knowledge.find import find_gpu
from ....knowledge.gpu import GpuCard
from ....knowledge.load import load
from ....knowledge.messages import current_language, say
from ....knowledge.progress import Progress, silent
from ....knowledge.stack import Stack
from ..architectures.find import architecture_of
from ..device import CONTEXT, workspace_of
from ..duration import cost_of, duration_of
from ..methods.find import method_of
from ..request import EstimateRequest
from ..result import Duration, Estimate, Fit, Peak
from ..settings import assumptions_of, filled
from ..unsupported import UnsupportedError
from .job import Job
from .process import traced
from .reading import Reading

PACKAGES = ("torch", "transformers", "peft", "accelerate")


def estimate_exactly(request: EstimateRequest, progress: Progress = silent) -> Estimate:
    """Return memory from a trace; time and money where the analytic tier knows the model.

    Args:
        request: The model, the method and the settings.
        progress: Is told which phase is traced.

    Raises:
        UnsupportedError: A setting cannot be traced.
        UserError: A package is missing, the model or the method refuses, or the trace failed.
    """
    request = filled(request)
    _check(request)
    cards = [find_gpu(name) for name in request.gpu]
    card = cards[0] if cards else None
    limit = card.memory_bytes - CONTEXT[2] if card else None
    job = Job(request=request, workspace=workspace_of(request, card), limit=limit, language=current_language())
    found = traced(job, progress)
    duration = _duration(request, found, card)
    peak = _peak(found)
    need = found.least + CONTEXT[2]
    return Estimate(
        model=request.model or str(request.config["model_type"]),
        method=request.method,
        stack={"name": request.stack} | {name: version(name) for name in PACKAGES},
        assumptions=assumptions_of(request, card),
        parameters=found.parameters,
        trainable_parameters=found.trained,
        peak=peak,
        phases=found.phases,
        steady_bytes=found.steady,
        breakdown=found.parts,
        time=duration,
        cost=cost_of(request, duration, card) if duration else None,
        fits=[
            Fit(gpu=card.id, fits=need <= card.memory_bytes, headroom_bytes=card.memory_bytes - need) for card in cards
        ],
        tier="exact",
        operations=found.operations,
    )


def _check(request: EstimateRequest) -> None:
    """Refuse what cannot be traced.

    Raises:
        UnsupportedError: A setting.
        UserError: A missing package.
    """
    for name in (*PACKAGES, *(("bitsandbytes",) if request.quant != "none" else ())):
        _installed(name)
    stack = load(Stack).get(request.stack)
    if stack is None:
        raise UnsupportedError(say("estimate.unknown_stack", name=request.stack, known=", ".join(load(Stack))))
    found = _installed("transformers")
    first, below = version_number(stack.transformers_from), version_number(stack.transformers_below)
    if not first <= version_number(found) < below:
        raise UnsupportedError(say("exact.other_stack", stack=request.stack, installed=found))
    for setting, allowed in (("device", "cuda"), ("parallel", "none"), ("loss", "standard")):
        value = getattr(request, setting)
        if value != allowed:
            raise UnsupportedError(say("exact.no_setting", setting=setting, value=value))
    if request.quant in {"int8", "gptq"}:
        raise UnsupportedError(say("exact.no_setting", setting="quant", value=request.quant))
    if request.added_tokens:
        raise UnsupportedError(say("exact.no_setting", setting="added_tokens", value=request.added_tokens))
    if request.method == "inference":
        raise UnsupportedError(say("exact.no_method", method=request.method))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError as error:
        raise UserError(say("training.extra_missing", package=name), say("training.extra_hint")) from error


def _peak(found: Reading) -> Peak:
    """Return the peak; the high end is what a GPU must have for the run to get through."""
    phase = max(found.phases, key=lambda name: found.phases[name])
    allocated, device = found.phases[phase], found.reserved + CONTEXT[1]
    return Peak(
        allocated_bytes=allocated,
        reserved_bytes=found.reserved,
        device_bytes=device,
        low_bytes=allocated + CONTEXT[0],
        high_bytes=max(found.least + CONTEXT[2], device),
        phase=phase,
    )


def _duration(request: EstimateRequest, found: Reading, card: GpuCard | None) -> Duration | None:
    try:
        architecture = architecture_of(request.config, load(Stack)[request.stack])
        return duration_of(request, architecture, method_of(request), found.trained, card)
    except UnsupportedError:
        return None

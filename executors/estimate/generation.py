"""What generating text takes: weights, the cache of keys and values, and the pass over the prompt."""

from ...knowledge.stack import Stack
from .cache import cache_sizes
from .inputs import batch_bytes
from .memory import Memory
from .methods.method import FineTuning
from .packed_cache import packed_bytes, packing_bytes, residual_tokens, writing_bytes
from .request import BITS, EstimateRequest
from .result import Part, Phase
from .step import Step
from .storage import placement_of
from .weights import Architecture, rounded

FP32 = 4


def generation_of(
    request: EstimateRequest, architecture: Architecture, method: FineTuning, stack: Stack, workspace: int
) -> Memory:
    """Return what tensors take on one device: ``forward`` reads the prompt, ``step`` writes one token.

    Args:
        request: The run's settings.
        architecture: The model.
        method: Inference.
        stack: How the libraries behave.
        workspace: Bytes that matrix libraries take for themselves.

    Source: transformers ``cache_utils.py``, ``DynamicLayer.update``: a token's keys are joined to a layer's by a
    concatenation, beside which the old ones live; ``generation/utils.py``, ``_sample``: logits of the last token only,
    and a float32 copy of them.
    """
    placement = placement_of(request)
    weights = sum(count * placement.bytes_of(weight) for count, weight in architecture.weights()) + architecture.buffers
    if architecture.decodes:  # the decoder starts from one token
        request = request.model_copy(update={"target_len": 1})
    read = request.target_len or request.seq_len
    longest = architecture.target_positions or read + request.new_tokens
    whole = min(read + request.new_tokens, longest)
    at_end, after_prompt = _cache(request, architecture, whole), _cache(request, architecture, read)
    rest = _residual(request, architecture)
    logits = rounded(request.batch * architecture.vocab * placement.outer_item)
    logits += rounded(request.batch * architecture.vocab * FP32)
    inputs = sum(map(rounded, batch_bytes(request, architecture))) // 2
    reading = Step(request, architecture, method, placement, stack).read()
    base = {"weights": weights, "workspace": workspace}
    # an encoder has finished before the decoder's cache is made
    while_reading = 0 if architecture.decodes else sum(after_prompt)
    kind, item = request.cache_quant, BITS[request.dtype]
    first, last = (max(_numbers(request, architecture, length)) for length in (read, whole))
    activations = max(reading, packing_bytes(kind, first, item))
    forward = base | {"cache": while_reading, "logits": logits, "activations": activations}
    written = writing_bytes(kind, last, item)
    step = base | {"cache": sum(at_end) + rest, "logits": logits, "temporary": written, "inputs": inputs}
    shares: dict[Phase, dict[str, int]] = {"load": {"weights": weights}, "forward": forward, "step": step}
    phases = {name: sum(parts.values()) for name, parts in shares.items()}
    highest = max(phases, key=lambda name: phases[name])
    parts = [Part(name=name, bytes=size) for name, size in shares[highest].items() if size]
    steady = weights + workspace + sum(at_end) + rest
    return Memory(phases, sorted(parts, key=lambda part: -part.bytes), steady, 0)


def _cache(request: EstimateRequest, architecture: Architecture, length: int) -> list[int]:
    """Return the bytes of every layer's keys and values, those of the encoder's output included."""
    kind, item = request.cache_quant, BITS[request.dtype]
    own = [packed_bytes(kind, numbers, item) for numbers in _numbers(request, architecture, length)]
    cross = packed_bytes(kind, request.tokens * architecture.cross_keys, item)
    return [2 * (rounded(size) + rounded(cross)) for size in own]


def _numbers(request: EstimateRequest, architecture: Architecture, length: int) -> list[int]:
    """Return how many numbers every layer's keys have."""
    return cache_sizes(request.config, architecture, request.batch, length, 1)


def _residual(request: EstimateRequest, architecture: Architecture) -> int:
    """Return the bytes of the newest tokens' keys and values that no layer has packed yet."""
    tokens = residual_tokens(request.cache_quant, request.new_tokens)
    numbers = request.batch * tokens * architecture.cached
    return 2 * architecture.prefixed_layers * rounded(numbers * BITS[request.dtype])

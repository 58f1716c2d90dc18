"""How fast a model embeds, reads and writes text on a GPU: bounds from its arithmetic and its memory's bandwidth."""

from dataclasses import dataclass

from ...knowledge.gpu import GpuCard
from .architectures.find import architecture_of
from .inputs import with_lengths
from .request import BITS, EstimateRequest
from .result import Range
from .settings import filled
from .stacks import stack_named
from .storage import placement_of
from .utilisation import utilisation_of
from .weights import Architecture

HOUR = 3600


@dataclass(frozen=True)
class Throughput:
    """Give speeds as low, likely, high.

    Attributes:
        reading: Tokens per second of a forward pass: embedding a corpus, or reading prompts.
        writing: Tokens per second that all sequences of a batch together are continued by; None for encoders.
        embed_hours: Hours for the tokens that were asked about; None where none were. Building an index is this, as
            splitting and storing take little beside it.
    """

    gpu: str
    reading: Range
    writing: Range | None
    embed_hours: Range | None


def throughput_of(request: EstimateRequest, card: GpuCard, embed_tokens: int = 0) -> Throughput:
    """Return the speeds of a model on one GPU.

    Args:
        request: The model, its precision and quantisation, the batch and the length of its sequences.
        card: The GPU.
        embed_tokens: Tokens to embed.

    Raises:
        UnsupportedError: The architecture is not known.

    Source: forward pass of two operations per weight and token (arXiv 2001.08361, section 2.1); writing reads all
    weights once per step and the keys and values of all tokens so far (arXiv 2211.05102, section 2).
    """
    request = filled(request)
    architecture = architecture_of(request.config, stack_named(request.stack))
    peak = 1e12 * ((card.bf16_tflops if request.dtype == "bf16" else None) or card.fp16_tflops)
    share = utilisation_of("reading", card)
    request = with_lengths(request, architecture)
    work = 2 * architecture.products + 2 * request.seq_len * architecture.hidden * architecture.layers
    reading = tuple(peak * part / work for part in (share.low, share.likely, share.high))
    low, likely, high = reading
    hours = tuple(embed_tokens / speed / HOUR for speed in (high, likely, low)) if embed_tokens else None
    writing = _writing(request, architecture, card, peak) if architecture.family == "decoder" else None
    return Throughput(card.id, (low, likely, high), writing, (hours[0], hours[1], hours[2]) if hours else None)


def _writing(request: EstimateRequest, architecture: Architecture, card: GpuCard, peak: float) -> Range:
    placement = placement_of(request.model_copy(update={"kbit_prepare": False}))
    weights = sum(count * placement.bytes_of(weight) for count, weight in architecture.weights())
    past = 2 * architecture.layers * architecture.keys * BITS[request.dtype] * request.seq_len * request.batch
    share = utilisation_of("writing", card)
    bandwidth = card.bandwidth_gb_per_s * 1e9
    arithmetic = request.batch * 2 * architecture.products / peak
    seconds = (max((weights + past) / (bandwidth * part), arithmetic) for part in (share.low, share.likely, share.high))
    low, likely, high = (request.batch / second for second in seconds)
    return (low, likely, high)

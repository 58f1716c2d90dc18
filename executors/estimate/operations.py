"""How many floating-point operations a training step takes."""

from .methods.method import FineTuning
from .request import EstimateRequest
from .weights import MULTIPLIED, Architecture, Weight

ONE_WAY = 0.5
"""Share of all pairs of positions that causal attention meets."""


def operations_of(request: EstimateRequest, architecture: Architecture, method: FineTuning, trained: int) -> float:
    """Return the operations of one micro step on one device.

    Two per weight and token forward, two for the inputs' gradients, two for trained weights' gradients, two again when
    the forward pass is recomputed; attention takes four per pair of positions that meet and hidden number.

    Args:
        request: The run's settings, with lengths filled in.
        architecture: The model.
        method: What is trained.
        trained: Numbers that are trained.

    Source: arXiv 2001.08361, section 2.1; arXiv 2204.02311, appendix B.
    """
    rows = request.batch * (request.seq_len + method.extra_tokens)
    products, attention = 2 * products_of(request, architecture, rows), 4 * _attention(request, architecture, rows)
    passes = 3 if request.grad_checkpointing else 2
    if request.method == "full":
        return passes * (products + attention) + products + attention
    return passes * (products + attention) + attention + (passes + 1) * 2 * trained * rows


def products_of(request: EstimateRequest, architecture: Architecture, rows: int) -> float:
    """Return how often a number is multiplied with a weight: an encoder by the source, a decoder by the target.

    Args:
        request: The run's settings, with lengths filled in.
        architecture: The model.
        rows: Positions of all sequences, those of the source where there are two sides.
    """
    if not architecture.decodes:
        return rows * architecture.products
    target, encoder = request.batch * request.target_len, architecture.blocks[0]
    head = architecture.vocab * architecture.hidden if architecture.tied_head else 0
    found = float(head * target) + sum(target * weight.computed for weight in architecture.outside if _counts(weight))
    for block in architecture.blocks:
        for weight in filter(_counts, block.weights):
            at = rows if block is encoder or weight.of_source else target
            found += block.count * at * weight.computed
    return found


def _counts(weight: Weight) -> bool:
    return weight.role in MULTIPLIED


def _attention(request: EstimateRequest, architecture: Architecture, rows: int) -> float:
    """Return the pairs of positions that meet in all layers, times the hidden size."""
    if architecture.convolutional:
        return 0.0
    if not architecture.decodes:
        share = ONE_WAY if architecture.family == "decoder" else 1.0
        return share * rows * request.seq_len * architecture.hidden * architecture.layers
    encoder, decoder = architecture.blocks
    target = request.batch * request.target_len
    own = encoder.count * rows * request.seq_len + decoder.count * target * request.target_len * ONE_WAY
    return architecture.hidden * (own + decoder.count * target * request.seq_len)

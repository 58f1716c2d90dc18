"""What a batch of examples takes: tokens, pixels or frames, and labels."""

from .request import EstimateRequest
from .weights import Architecture

IDS_BYTES, FLOAT_BYTES = 8, 4
AHEAD = 2
"""Batches on the device: this one and the next, which is fetched ahead.

Source: accelerate ``DataLoaderShard.__iter__``.
"""


def batch_bytes(request: EstimateRequest, architecture: Architecture) -> list[int]:
    """Return the bytes of every tensor of a batch, the next batch's included.

    Args:
        request: The run's settings, with lengths filled in.
        architecture: The model.
    """
    target = request.batch * request.target_len * IDS_BYTES
    if architecture.input_numbers:
        labels = target if architecture.decodes else request.batch * IDS_BYTES
        return AHEAD * [request.batch * architecture.input_numbers * FLOAT_BYTES, labels]
    tokens = request.tokens * IDS_BYTES
    return AHEAD * ([tokens, tokens, target] if architecture.decodes else 3 * [tokens])


def with_lengths(request: EstimateRequest, architecture: Architecture) -> EstimateRequest:
    """Return the request with the lengths that the model's input fixes.

    Args:
        request: The run's settings.
        architecture: The model.
    """
    lengths: dict[str, int] = {"seq_len": architecture.positions} if architecture.positions else {}
    if architecture.decodes:
        lengths["target_len"] = request.target_len or architecture.target_positions or request.seq_len
    return request.model_copy(update=lengths) if lengths else request

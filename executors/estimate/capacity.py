"""What a device holds at most, method by method: the largest model, the longest sequence, the largest batch."""

from collections.abc import Callable
from dataclasses import dataclass

from ...knowledge.load import load
from ...knowledge.model import ModelCard
from .compare import for_method, training_methods
from .estimate import estimate
from .request import EstimateRequest
from .unsupported import UnsupportedError

STEP = 64
"""Tokens to which the longest sequence is told."""
LARGEST_BATCH = 4096
"""Where the search ends; batches beyond it gain nothing."""


@dataclass(frozen=True)
class Capacity:
    """Hold what fits with one method; everything at the high end of the estimate.

    Attributes:
        method: The method.
        largest_model: The largest decoder of the catalogue at the request's batch and length; empty if none fits.
        largest_parameters: Its size.
        model: What the two figures below are about: the request's model, or the largest one where none was named.
        longest: Tokens per sequence at the request's batch; 0 when not even ``STEP`` fit.
        context: Whether the model's own context ended the search, not the memory.
        batch: Sequences per step at the request's length; 0 when not even one fits.
    """

    method: str
    largest_model: str
    largest_parameters: int
    model: str
    longest: int
    context: bool
    batch: int


def capacities(request: EstimateRequest, memory_bytes: int, *, own_model: bool) -> list[Capacity]:
    """Return what fits, for every method with which anything does.

    Args:
        request: The run; its settings hold for all methods.
        memory_bytes: What the device has.
        own_model: Whether the request's model was asked for; otherwise the largest that fits takes its place.
    """
    found = (_capacity(for_method(request, method), memory_bytes, own_model) for method in training_methods())
    return sorted((one for one in found if one), key=lambda one: (-one.largest_parameters, -one.batch, one.method))


def _capacity(request: EstimateRequest, memory_bytes: int, own_model: bool) -> Capacity | None:
    def fits(asked: EstimateRequest) -> bool:
        try:
            return estimate(asked).peak.high_bytes <= memory_bytes
        except UnsupportedError:
            return False

    card = _largest_model(request, fits)
    if card is None and not own_model:
        return None
    if card is not None and not own_model:
        request = _of(request, card)
    context = _context(request)
    steps = _most(lambda count: fits(request.model_copy(update={"seq_len": count * STEP})), max(1, context // STEP))
    batch = _most(lambda count: fits(request.model_copy(update={"batch": count})), LARGEST_BATCH)
    if card is None and not steps and not batch:
        return None
    name, size = (card.id, card.parameters) if card else ("", 0)
    longest = steps * STEP
    return Capacity(request.method, name, size, request.model, longest, longest + STEP > context, batch)


def _largest_model(request: EstimateRequest, fits: Callable[[EstimateRequest], bool]) -> ModelCard | None:
    cards = [card for card in load(ModelCard).values() if card.architecture == "decoder"]
    by_size = sorted(cards, key=lambda card: (-card.parameters, card.id))
    return next((card for card in by_size if fits(_of(request, card))), None)


def _of(request: EstimateRequest, card: ModelCard) -> EstimateRequest:
    return request.model_copy(update={"config": card.config, "model": card.id})


def _context(request: EstimateRequest) -> int:
    """Return how many tokens the model can read at most."""
    names = ("max_position_embeddings", "n_positions")
    known = [value for name in names if isinstance(value := request.config.get(name), int)]
    return min(known, default=2**20)


def _most(holds: Callable[[int], bool], limit: int) -> int:
    """Return the largest count up to a limit for which something holds that, once false, stays false; 0 for none."""
    low, high = 0, 1
    while high <= limit and holds(high):
        low, high = high, high * 2
    high = min(high, limit + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low

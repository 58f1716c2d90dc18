"""What the training of a pilot takes on a rented GPU, where the estimator can say."""

from collections.abc import Mapping
from typing import Any

from ..knowledge.gpu import GpuCard
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.model import ModelCard

#: Published fine-tuning on curated rows works from several hundred to about a thousand (evidence lima).
MOST_EXAMPLES = 1000
PASSES = 3


def pilot_cost(
    label: str, model: str | None, estimate: Mapping[str, Any] | None, examples: int | None, rows: int
) -> str | None:
    """Return what a pilot takes, or None where nothing honest can be said.

    Args:
        label: What is recommended.
        model: The catalogue model that the estimate is for.
        estimate: The estimate of its training.
        examples: How many labelled examples there are, None when unknown.
        rows: How many rows are measured.
    """
    path, _, method = label.partition(":")
    if path in ("prompting", "rag"):
        return say("explanation.cost.no_training", requests=rows)
    if model is None or estimate is None:
        return None
    gpu = _cheapest(estimate["peak"]["high_bytes"])
    return _on(gpu, load(ModelCard)[model], method, min(examples or MOST_EXAMPLES, MOST_EXAMPLES)) if gpu else None


def _cheapest(needed: int) -> GpuCard | None:
    """Return the cheapest GPU to rent that holds so many bytes."""
    priced = [(card.price.usd_per_hour, card.id, card) for card in load(GpuCard).values() if card.price]
    return min((found for found in priced if found[2].memory_bytes >= needed), default=(0, "", None))[2]


def _on(gpu: GpuCard, model: ModelCard, method: str, examples: int) -> str | None:
    from ..executors.estimate.estimate import estimate
    from ..executors.estimate.request import EstimateRequest

    request = EstimateRequest(config=model.config, model=model.id, method=method, gpu=(gpu.id,), epochs=PASSES)
    found = estimate(request.model_copy(update={"train_tokens": examples * request.seq_len}))
    if found.time is None or found.time.run_hours is None or found.cost is None or found.cost.run is None:
        return None
    low, _, high = found.time.run_hours
    cheap, _, dear = found.cost.run
    return say(
        "explanation.cost.training",
        examples=f"{examples:,}",
        gpu=gpu.title,
        low=_short(low),
        high=_short(high),
        cheap=_short(cheap),
        dear=_short(dear),
    )


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"

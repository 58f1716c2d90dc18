"""What the training of a pilot takes, on the user's GPU or else on a rented one, where the estimator can say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..knowledge.gpu import GpuCard
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.model import ModelCard

if TYPE_CHECKING:
    from ..executors.estimate.result import Estimate

#: Published fine-tuning on curated rows works from several hundred to about a thousand (evidence lima).
MOST_EXAMPLES = 1000
PASSES = 3
#: A program sees a little less of a GPU's memory than its name says: 22 of 24 GiB with error correction.
SEEN = 0.9
GIB = 2**30


def pilot_cost(
    label: str, model: str | None, estimate: Mapping[str, Any] | None, facts: Mapping[str, Any], rows: int
) -> str | None:
    """Return what a pilot takes, or None where nothing honest can be said.

    Args:
        label: What is recommended.
        model: The catalogue model that the estimate is for.
        estimate: The estimate of its training.
        facts: The facts of the profile: how many examples there are, the user's GPUs, whether data may leave.
        rows: How many rows are measured.
    """
    path, _, method = label.partition(":")
    if path in ("prompting", "rag"):
        return say("explanation.cost.no_training", requests=rows)
    if model is None or estimate is None:
        return None
    needed = estimate["peak"]["high_bytes"]
    examples = min(facts["labelled_examples"] or MOST_EXAMPLES, MOST_EXAMPLES)
    own_gb = facts["vram_gb"] or 0
    if (facts["n_gpus"] or 1) > 1 and own_gb * GIB >= needed:  # how several share the work is not estimated here
        return say("explanation.cost.own_gpu_unknown", gb=f"{own_gb:g}")
    if own_gb * GIB >= needed:
        return _on_own(own_gb, load(ModelCard)[model], method, examples)
    if facts["privacy"] == "onprem_required":
        return say("explanation.cost.no_gpu", needed=_short(needed / GIB))
    gpu = _cheapest(needed)
    return _on_rented(gpu, load(ModelCard)[model], method, examples) if gpu else None


def _on_own(memory_gb: float, model: ModelCard, method: str, examples: int) -> str:
    """Return what the pilot takes on a GPU of which only the memory is known, from the fastest kind to the slowest."""
    kinds = [card for card in load(GpuCard).values() if SEEN * memory_gb <= card.memory_bytes / GIB <= memory_gb]
    times = [found.time.run_hours for gpu in kinds if (found := _estimated(gpu, model, method, examples)).time]
    hours = [time for time in times if time is not None]
    if not hours:
        return say("explanation.cost.own_gpu_unknown", gb=f"{memory_gb:g}")
    low, high = min(time[0] for time in hours), max(time[2] for time in hours)
    return say(
        "explanation.cost.own_gpu",
        examples=f"{examples:,}",
        gb=f"{memory_gb:g}",
        low=_short(low),
        high=_short(high),
    )


def _cheapest(needed: int) -> GpuCard | None:
    """Return the cheapest GPU to rent that holds so many bytes."""
    priced = [(card.price.usd_per_hour, card.id, card) for card in load(GpuCard).values() if card.price]
    return min((found for found in priced if found[2].memory_bytes >= needed), default=(0, "", None))[2]


def _on_rented(gpu: GpuCard, model: ModelCard, method: str, examples: int) -> str | None:
    found = _estimated(gpu, model, method, examples)
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


def _estimated(gpu: GpuCard, model: ModelCard, method: str, examples: int) -> "Estimate":
    from ..executors.estimate.estimate import estimate
    from ..executors.estimate.request import EstimateRequest

    request = EstimateRequest(config=model.config, model=model.id, method=method, gpu=(gpu.id,), epochs=PASSES)
    return estimate(request.model_copy(update={"train_tokens": examples * request.seq_len}))


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"

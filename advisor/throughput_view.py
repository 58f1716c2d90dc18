"""Show how fast a model embeds, reads and writes on the GPUs that were named."""

from collections.abc import Sequence

from rich.console import Console

from ..executors.estimate.request import EstimateRequest
from ..executors.estimate.result import Range
from ..executors.estimate.throughput import Throughput, throughput_of
from ..knowledge.errors import UserError
from ..knowledge.find import find_gpu
from ..knowledge.messages import say


def throughputs(request: EstimateRequest, embed_tokens: str | None, *, asked: bool) -> list[Throughput]:
    """Return the speeds on every GPU that was named.

    Args:
        request: The run.
        embed_tokens: Tokens to embed, as the user wrote them.
        asked: Whether the user asked for speeds, so that a GPU must be named.

    Raises:
        UserError: That is no number, or no GPU was named.
    """
    if embed_tokens is not None and not (embed_tokens.isdecimal() and int(embed_tokens) > 0):
        raise UserError(say("estimate.no_number", option="--embed-tokens", value=embed_tokens))
    if asked and not request.gpu:
        raise UserError(say("estimate.speed_needs_gpu"))
    return [throughput_of(request, find_gpu(name), int(embed_tokens or 0)) for name in request.gpu]


def print_throughputs(found: Sequence[Throughput]) -> None:
    """Print one line per speed."""
    console = Console()
    for one in found:
        console.print(say("estimate.view.reading", gpu=one.gpu, speed=_range(one.reading, ",.0f")))
        if one.writing is not None:
            console.print(say("estimate.view.writing", gpu=one.gpu, speed=_range(one.writing, ",.0f")))
        if one.embed_hours is not None:
            console.print(say("estimate.view.embedding", gpu=one.gpu, hours=_range(one.embed_hours, ".2f")))


def _range(values: Range, style: str) -> str:
    low, likely, high = (format(value, style) for value in values)
    return f"{likely} ({low} – {high})"

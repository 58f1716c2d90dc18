"""Why the other ways to train lost: each is estimated on the same model, rows and device as the chosen one."""

from collections.abc import Iterator, Mapping

from ..executors.estimate.architectures.find import architecture_of
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.rule import Rule
from .facts import FULL_BYTES
from .fitting import Wish, leanest, size_text
from .label_text import variant_title

COMPARED = ("full", "lora", "qlora")
"""The ways that people ask about; every other method's memory lies between full fine-tuning's and QLoRA's."""

DEFAULT_RULE = "lora-is-the-default"
"""Its reason stands against full fine-tuning where memory does not decide and no other rule spoke against it."""


def runners_up(wish: Wish, method: str, reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield, for each of the compared methods that was not chosen, what it needs at least and why it lost.

    Args:
        wish: The run as it was wanted.
        method: The method that will run.
        reasons: Why methods were turned down, by method, where a rule says so.
    """
    for other in COMPARED:
        if other == method or wish.memory_bytes is None or (other == "qlora" and wish.device == "cpu"):
            continue
        needed = leanest(wish, other)
        if needed is None:
            continue
        words = {"method": variant_title(other), "needed": size_text(needed), "available": size_text(wish.memory_bytes)}
        low_rank_instead = other == "full" and method in ("lora", "qlora")
        reason = reasons.get(other) or (load(Rule)[DEFAULT_RULE].because if low_rank_instead else "")
        if needed > wish.memory_bytes:
            yield say("planning.lost_by_memory", **words)
        elif other == "full" and wish.dtype == "bf16" and _mixed_bytes(wish) > wish.memory_bytes:
            yield say("planning.lost_full_mixed", **words, mixed=size_text(_mixed_bytes(wish)), bytes=FULL_BYTES)
        elif other == "qlora" and method == "lora":
            yield say("planning.lost_four_bits", **words)
        elif reason:
            yield say("planning.lost_by_evidence", **words, reason=reason)
        else:
            yield say("planning.would_fit", **words)


def _mixed_bytes(wish: Wish) -> int:
    """Return what weights, gradients and optimizer take in mixed precision, with master weights in 32 bits."""
    return architecture_of(wish.config).parameters * FULL_BYTES

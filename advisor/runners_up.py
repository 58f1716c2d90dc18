"""Why the other ways to train lost: each is estimated on the same model, rows and device as the chosen one."""

from collections.abc import Iterator, Mapping

from ..knowledge.label_text import variant_title
from ..knowledge.load import load
from ..knowledge.messages import say
from ..knowledge.rule import Rule
from .facts import FULL_BYTES
from .fitting import Wish, leanest, size_text

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
        narrow = leanest(wish, other, "bf16") if other == "full" and wish.device == "cuda" else None
        if needed > wish.memory_bytes and narrow is not None and narrow <= wish.memory_bytes:
            yield say("planning.lost_full_mixed", **words, narrow=size_text(narrow), bytes=FULL_BYTES)
        elif needed > wish.memory_bytes:
            yield say("planning.lost_by_memory", **words)
        elif other == "qlora" and method == "lora":
            yield say("planning.lost_four_bits", **words)
        elif reason:
            yield say("planning.lost_by_evidence", **words, reason=reason)
        else:
            yield say("planning.would_fit", **words)

"""Words that published rows use for the same things, and the refusals that all sources share."""

import re
from collections.abc import Mapping
from typing import Any

from ....knowledge.errors import UserError
from ....knowledge.find import find_gpu
from ....knowledge.messages import say
from ..stacks import stack_for
from ..unsupported import UnsupportedError

Row = Mapping[str, str]
Settings = dict[str, Any]

METHODS = {
    "full": "full",
    "full-finetuning": "full",
    "lora": "lora",
    "qlora": "qlora",
    "ia3": "ia3",
    "prefixtuning": "p_tuning_v2",
    "prompt_tuning": "prompt_tuning",
}
QUANTS = {
    "": "none",
    "none": "none",
    "None": "none",
    "bf16": "none",
    "nf4": "nf4",
    "nf4-dq(bnb)": "nf4-dq",
    "bnb.nf4": "nf4",
    "bnb.nf4-dq": "nf4-dq",
    "bnb-4bit": "nf4",
    "int4 (bnb)": "nf4",
}
DTYPES = {"bfloat16": "bf16", "bf16": "bf16", "bf16-true": "bf16", "float16": "fp16", "float32": "fp32"}
OPTIMIZERS = {
    "adamw_torch(foreach)": "adamw_torch",
    "AdamW(torch default foreach)": "adamw_torch",
    "paged_adamw_32bit": "paged_adamw_32bit",
}
ATTENTIONS = {"flash_attention_2": "flash", "sdpa": "sdpa", "sdpa(default)": "sdpa", "eager": "eager"}


def refuse_fused(row: Row) -> None:
    """Refuse rows with fused kernels, written by hand or by a compiler, whose memory nobody has counted.

    Raises:
        UnsupportedError: Which they are.
    """
    if re.search(r"foak|liger|scattermoe|compile|float8", row.get("dtype", "") + row["notes"]):
        raise UnsupportedError(say("estimate.row.fused", value=row["method"]))


def word(words: Mapping[str, str], name: str, value: str) -> str:
    """Return what a word of a row means.

    Args:
        words: Known words.
        name: What kind of word it is, for the refusal.
        value: The word.

    Raises:
        UnsupportedError: It is unknown.
    """
    if value not in words:
        raise UnsupportedError(say(f"estimate.row.{name}", value=value))
    return words[value]


def found(pattern: str, text: str) -> str | None:
    """Return the first group of the first match."""
    match = re.search(pattern, text)
    return match.group(1) if match else None


def longest(words: str, config: Mapping[str, Any]) -> str | int:
    """Return the longest sequence; learned positions (``n_positions``) end where they end, however long rows may be."""
    length = found(r"(\d+)", words)
    return min(int(length), int(config.get("n_positions", length))) if length else words


def stack_of(notes: str) -> str:
    """Return the stack whose range of transformers versions holds the one that the notes name.

    Raises:
        UnsupportedError: No stack holds it.
    """
    version = found(r"transformers(\d+\.\d+)", notes)
    return "current" if version is None else stack_for(version).id


def cards_of(words: str) -> tuple[str, ...]:
    """Return the GPU that a row names, if its memory is known; without it, the allocator is not limited."""
    name = re.sub(r"^\d+\s*x\s*|\s*x\d+$|^NVIDIA ", "", words.strip())
    try:
        return (find_gpu(name).id,)
    except UserError:
        return ()


def devices_of(words: str) -> int:
    """Return how many GPUs a row's ``gpu`` column names."""
    count = found(r"^(\d+)\s*x", words) or found(r"x(\d+)$", words)
    return int(count or 1)

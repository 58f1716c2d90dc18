"""torchtune's tutorial: LoRA on one device, measured with the recipe and configuration of its first months."""

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from . import words
from .words import Row, Settings

SOURCE = "pytorch/torchtune docs/source/tutorials/lora_finetune"

LLAMA_2_7B = {
    "model_type": "llama",
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
}
"""Source: torchtune ``models/llama2/_model_builders.py``, ``llama2_7b``."""
ATTENTION = ("q_proj", "v_proj")
ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Inside the blocks; the head is adapted as well, by 2.3 million numbers, less than a hundredth of the row's bytes."""
LONGEST = 512
"""Tokens per row. Source: torchtune ``datasets/_alpaca.py``, default of ``max_seq_len`` when the tutorial came out."""


def settings(row: Row) -> Settings:
    """Return a run's settings, those of the configuration file but for what the row changes.

    Raises:
        UnsupportedError: The model is another one.

    Source: torchtune ``recipes/configs/llama2/7B_lora_single_device.yaml``.
    """
    if row["model"] != "Llama2-7B":
        raise UnsupportedError(say("estimate.row.model", value=row["model"]))
    return {
        "config": LLAMA_2_7B,
        "model": row["model"],
        "method": words.word({"lora": "lora"}, "method", row["method"]),
        "rank": row["rank"],
        "targets": ALL if "all layers" in row["notes"] else ATTENTION,
        "batch": row["batch"],
        "seq_len": LONGEST,
        "grad_checkpointing": True,
        "grad_accum": 64,
        "optimizer": "adamw_torch",
        "dtype": "bf16",
        "adapter_dtype": "bf16",
        "amp": False,
        "dropout": 0.05,
        "stack": "torchtune",
        "varied": True,
    }

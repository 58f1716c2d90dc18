"""peft's first README: its two example scripts, with plain PyTorch and float32 weights, on one A100."""

from typing import Any

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from . import words
from .words import Row, Settings

SOURCE = "huggingface/peft README"

SEQ2SEQ = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "d_kv": 64, "num_layers": 24}
MODELS: dict[str, dict[str, Any]] = {
    "bigscience/T0_3B": SEQ2SEQ
    | {"model_type": "t5", "vocab_size": 32128, "d_model": 2048, "d_ff": 5120, "num_heads": 32},
    "bigscience/mt0-xxl": SEQ2SEQ
    | {"model_type": "mt5", "vocab_size": 250112, "d_model": 4096, "d_ff": 10240, "num_heads": 64},
    "bigscience/bloomz-7b1": {
        "model_type": "bloom",
        "vocab_size": 250880,
        "hidden_size": 4096,
        "n_head": 32,
        "n_layer": 30,
    },
}
"""Source: ``config.json`` of the models of these names."""
TARGETS = {"t5": ("q", "v"), "mt5": ("q", "v"), "bloom": ("query_key_value",)}
"""Source: peft 0.0.1 ``mapping.py``, ``TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING``."""
BATCH, LENGTH, LABEL = 8, 64, 4
"""Rows, tokens of a tweet, and tokens of the longest label, ``Unlabeled``, in the scripts.

Source: peft ``peft_lora_clm_accelerate_ds_zero3_offload.py``, ``peft_lora_seq2seq_accelerate_ds_zero3_offload.py``.
"""


def settings(row: Row) -> Settings:
    """Return a run's settings: nothing is recomputed, nothing narrowed; PyTorch 1.13 updates tensor by tensor.

    Raises:
        UnsupportedError: The model or the method are not those of the scripts.
    """
    name = row["model"].split()[0]
    if name not in MODELS:
        raise UnsupportedError(say("estimate.row.model", value=row["model"]))
    config = MODELS[name]
    method = words.word({"full": "full", "lora": "lora"}, "method", row["method"])
    return {
        "config": config,
        "model": row["model"],
        "method": method,
        "rank": 8,
        "targets": () if method == "full" else TARGETS[config["model_type"]],
        "dropout": 0.0 if method == "full" else 0.1,
        "batch": BATCH,
        "seq_len": LENGTH,
        "target_len": 0 if config["model_type"] == "bloom" else LABEL,
        "grad_checkpointing": False,
        "optimizer": "adamw_torch_fused",  # as the loop over tensors, it needs no copies of all
        "dtype": "fp32",
        "amp": False,
        "attention": "eager",
        "stack": "transformers-4.32",
    }

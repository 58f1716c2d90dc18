"""Qwen's table of profiled fine-tuning: its own script with the transformers trainer, on A100."""

from typing import Any

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from . import words
from .words import Row, Settings

SOURCE = "QwenLM/Qwen"


def shape(width: int, layers: int, heads: int, inner: int, vocab: int) -> dict[str, Any]:
    """Return a first-generation Qwen's config.

    Args:
        width: Width of the residual stream.
        layers: Number of blocks.
        heads: Attention heads.
        inner: ``intermediate_size``, which counts both halves of the gated layer.
        vocab: Rows of the embedding.
    """
    return {
        "model_type": "qwen",
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "vocab_size": vocab,
    }


MODELS = {
    "1.8b": shape(2048, 24, 16, 11008, 151936),
    "7b": shape(4096, 32, 32, 22016, 151936),
    "14b": shape(5120, 40, 40, 27392, 152064),
    "72b": shape(8192, 80, 64, 49152, 152064),
}
"""Source: ``config.json`` of Qwen/Qwen-1_8B, Qwen-7B, Qwen-14B and Qwen-72B."""
TARGETS = ("c_attn", "c_proj", "w1", "w2")
"""Source: Qwen ``finetune.py``, ``LoraArguments.lora_target_modules``."""

PARALLEL = {"full": "zero3", "lora": "none", "LoRA (multinode)": "zero2", "LoRA + Deepspeed Zero3": "zero3"}
"""Source: Qwen ``finetune/finetune_ds.sh``, ``finetune_lora_single_gpu.sh``, ``finetune_lora_ds.sh``."""


def settings(row: Row) -> Settings:
    """Return a run's settings: 16-bit weights with autocast, checkpointed, DeepSpeed for full fine-tuning.

    Raises:
        UnsupportedError: Trained embeddings, GPTQ, or a method without a script.

    Source: Qwen ``finetune.py``, ``finetune/finetune_lora_single_gpu.sh``, ``finetune/finetune_ds.sh``.
    """
    size = row["model"].lower().removeprefix("qwen-").removesuffix("-chat")
    if size not in MODELS:
        raise UnsupportedError(say("estimate.row.model", value=row["model"]))
    full, parallel = row["method"] == "full", words.word(PARALLEL, "method", row["method"])
    return {
        "config": MODELS[size],
        "model": row["model"],
        "method": "full" if full else "lora",
        "quant": words.word(words.QUANTS, "quantisation", row["quant"]),
        "rank": row["rank"] or 64,
        "targets": () if full else TARGETS,
        "dropout": 0.0 if full else 0.05,
        "batch": row["batch"],
        "seq_len": words.longest(row["seq"], {}),
        "grad_checkpointing": True,
        "grad_accum": 8,
        "optimizer": "adamw_torch",
        "dtype": "bf16",
        "amp": not full,
        "attention": "flash",
        "gpus": words.devices_of(row["gpu"]),
        "parallel": parallel,
        "stack": "transformers-4.32",
    }

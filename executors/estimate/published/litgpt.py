"""litgpt: its own models and scripts, on one or several GPUs."""

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from . import words
from .words import Row, Settings

SOURCE = "Lightning-AI/litgpt"

Shape = dict[str, JsonValue]

LLAMA: Shape = {
    "rotary_percentage": 1.0,
    "parallel_residual": False,
    "bias": False,
    "norm_class_name": "RMSNorm",
    "mlp_class_name": "LLaMAMLP",
}
GEMMA: Shape = {
    **LLAMA,
    "mlp_class_name": "GemmaMLP",
    "scale_embeddings": True,
    "padded_vocab_size": 256000,
}
GEMMA_2: Shape = {
    **GEMMA,
    "head_size": 256,
    "post_attention_norm": True,
    "post_mlp_norm": True,
    "attention_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
}
PHI: Shape = {
    "padded_vocab_size": 51200,
    "n_head": 32,
    "shared_attention_norm": True,
    "lm_head_bias": True,
}


def _shape(base: Shape, width: int, layers: int, heads: int, **more: JsonValue) -> Shape:
    return {"model_type": "litgpt", **base, "n_embd": width, "n_layer": layers, "n_head": heads, **more}


MODELS: dict[str, Shape] = {
    "falcon-7b": _shape(
        {"rotary_percentage": 1.0, "bias": False, "shared_attention_norm": True, "padded_vocab_size": 65024},
        *(4544, 32, 71),
        n_query_groups=1,
    ),
    "gemma-2b": _shape(GEMMA, 2048, 18, 8, n_query_groups=1, intermediate_size=16384),
    "gemma-7b": _shape(GEMMA, 3072, 28, 16, head_size=256, intermediate_size=24576),
    "gemma2-2b": _shape(GEMMA_2, 2304, 26, 8, n_query_groups=4, intermediate_size=9216),
    "gemma2-9b": _shape(GEMMA_2, 3584, 42, 16, n_query_groups=8, intermediate_size=14336),
    "llama-2-7b": _shape(LLAMA, 4096, 32, 32, padded_vocab_size=32000, intermediate_size=11008),
    "llama-3-8b": _shape(LLAMA, 4096, 32, 32, n_query_groups=8, padded_vocab_size=128256, intermediate_size=14336),
    "llama-3.2-1b": _shape(LLAMA, 2048, 16, 32, n_query_groups=8, padded_vocab_size=128256, intermediate_size=8192),
    "llama-3.2-3b": _shape(LLAMA, 3072, 28, 24, n_query_groups=8, padded_vocab_size=128256, intermediate_size=8192),
    "mistral-7b": _shape(LLAMA, 4096, 32, 32, n_query_groups=8, padded_vocab_size=32000, intermediate_size=14336),
    "phi-1.5": _shape(PHI, 2048, 24, 32, rotary_percentage=0.5),
    "phi-2": _shape(PHI, 2560, 32, 32, rotary_percentage=0.4),
    "phi-3": _shape(LLAMA, 3072, 32, 32, padded_vocab_size=32064, intermediate_size=8192),
    "stablelm-base-alpha-3b": _shape({"padded_vocab_size": 50688}, 4096, 16, 32, rotary_percentage=0.25),
    "tiny-llama": _shape(LLAMA, 2048, 22, 32, n_query_groups=4, padded_vocab_size=32000, intermediate_size=5632),
}
"""Source: litgpt ``litgpt/config.py``; evidence litgpt-model-configs."""
OTHER_NAMES = {
    "1.3B phi-1.5": "phi-1.5",
    "3B StableLM Alpha": "stablelm-base-alpha-3b",
    "7B Llama 2": "llama-2-7b",
    "7B Falcon": "falcon-7b",
    "llama-3.1-8b": "llama-3-8b",
    "mistral-7b-v0.2": "mistral-7b",
}
QUERY_VALUE = ("qkv",)
ALL = ("qkv", "proj", "fc_1", "fc_2", "out", "lm_head")
EVERYWHERE = {
    "gemma-2b": (8, 16),
    "gemma-7b": (16, 16),
    "gemma2-2b": (8, 16),
    "gemma2-9b": (16, 16),
    "phi-2": (8, 8),
    "phi-3": (8, 8),
    "tiny-llama": (32, 32),
}
"""Models whose settings adapt all layers and the head, with the rank without and with packing.

Source: litgpt ``config_hub/finetune/*/lora.yaml`` and ``qlora.yaml``.
"""
DROPOUT = dict.fromkeys(("gemma-2b", "gemma-7b", "gemma2-2b", "gemma2-9b"), 0.1)
"""Where it is not 0.05. Source: the same files."""
FULL_DEVICES = {
    "stablelm-base-alpha-3b": 2,
    "phi-2": 2,
    "falcon-7b": 4,
    "llama-2-7b": 4,
    "llama-3-8b": 4,
    "gemma-2b": 4,
}
"""Devices for full fine-tuning where they are not 1. Source: litgpt ``config_hub/finetune/*/full.yaml``."""

ONE_STEP = {("tiny-llama", False), ("phi-2", True)}
"""Models, and whether they are trained in full, whose global batch is one micro batch per device; others have several.

Source: the same files, ``global_batch_size``.
"""


def settings(row: Row) -> Settings:
    """Return a run's settings, with those of the files that it was started from.

    Raises:
        UnsupportedError: The model's shapes or the method are not litgpt's as known here.
    """
    model = OTHER_NAMES.get(row["model"], row["model"])
    if model not in MODELS:
        raise UnsupportedError(say("estimate.row.model", value=row["model"]))
    if row["method"] not in {"full", "lora", "qlora"}:
        raise UnsupportedError(say("estimate.row.llama_adapter", value=row["method"]))
    quant = words.word(words.QUANTS, "quantisation", row["quant"])
    table = "tutorials" in row["source"]
    devices = _devices(row, model, table)
    everywhere = model in EVERYWHERE and not table
    rank = EVERYWHERE[model][quant != "none"] if everywhere else int(row["rank"].split()[0] if row["rank"] else 8)
    return {
        "config": MODELS[model] | {"query_value": not everywhere, "longest_first": table},
        "model": row["model"],
        "method": "full" if row["method"] == "full" else "lora",
        "quant": quant,
        "rank": rank,
        "targets": ALL if everywhere else QUERY_VALUE,
        "batch": row["batch"],
        "seq_len": words.longest(row["seq"], {}),
        "grad_checkpointing": devices > 1,
        "grad_accum": 1 if (model, row["method"] == "full") in ONE_STEP else 2,
        "optimizer": "adamw_torch" if quant == "none" else "paged_adamw_32bit",
        "dtype": "bf16",
        "adapter_dtype": "bf16",
        "dropout": DROPOUT.get(model, 0.05),
        "amp": False,
        "kbit_prepare": False,
        "gpus": devices,
        "parallel": "fsdp" if devices > 1 else "none",
        "stack": "litgpt",
    }


def _devices(row: Row, model: str, table: bool) -> int:
    """Return the devices that share a run; the files' settings say how many of a machine's GPUs are used."""
    if table:
        return words.devices_of(row["gpu"]) if "Multiple" in row["notes"] else 1
    return FULL_DEVICES.get(model, 1) if row["method"] == "full" else 1

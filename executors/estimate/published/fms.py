"""fms-acceleration: byte-exact runs of the transformers trainer on one or two A100."""

from ....knowledge.json_value import JsonValue
from ..model_config import config_of
from . import words
from .words import Row, Settings

SOURCE = "fms-acceleration"
MODELS: dict[str, dict[str, JsonValue]] = {
    "ibm-granite/granite-3.0-3b-a800m-instruct": {
        "model_type": "granitemoe",
        "vocab_size": 49155,
        "hidden_size": 1536,
        "intermediate_size": 512,
        "num_hidden_layers": 32,
        "num_attention_heads": 24,
        "num_key_value_heads": 8,
        "num_local_experts": 40,
        "num_experts_per_tok": 8,
        "tie_word_embeddings": True,
    },
}
"""Models that have no card. Source: ``config.json`` of the models of these names."""
LORA_DROPOUT = 0.1
"""Source: fms-acceleration ``scripts/benchmarks/scenarios.yaml``, ``lora_dropout``."""


def settings(row: Row) -> Settings:
    """Return a run's settings, from the columns and the notes."""
    notes = row["notes"]
    known = MODELS.get(row["model"])
    model, config = config_of(row["model"]) if known is None else (row["model"], known)
    gpus = int(words.found(r"num_gpus=(\d+)", notes) or 1)
    found: Settings = {
        "config": config,
        "model": model,
        "method": words.word(words.METHODS, "method", row["method"]),
        "quant": words.word(words.QUANTS, "quantisation", row["quant"]),
        "batch": row["batch"],
        "seq_len": words.longest(row["seq"], config),
        "grad_checkpointing": row["grad_ckpt"] == "True",
        "optimizer": words.OPTIMIZERS.get(row["optimizer"], "adamw_torch"),
        "dtype": words.word(words.DTYPES, "dtype", row["dtype"]),
        "attention": words.word(words.ATTENTIONS, "attention", row["attention"]),
        "stack": words.stack_of(notes),
        "amp": words.found(r"amp=(\w+)", notes) in {"bf16", "fp16"},
        "gpus": gpus,
        "parallel": "fsdp" if gpus > 1 else "none",
        "kbit_prepare": "prepare_model_for_kbit_training" in notes,
        "outer_dtype": "bf16" if "embed/lm_head bf16" in notes else "",
        "varied": "packing False" in row["seq"],
        "dropout": LORA_DROPOUT if row["method"] != "full" else 0.0,
    }
    if row["rank"]:
        found["rank"] = row["rank"].split()[0]
    if targets := words.found(r"targets=([\w ]+)", notes):
        found["targets"] = tuple(targets.split())
    return found

"""fms-acceleration: byte-exact runs of the transformers trainer on one or two A100."""

from ..model_config import config_of
from . import words
from .words import Row, Settings

SOURCE = "fms-acceleration"
LORA_DROPOUT = 0.1
"""Source: fms-acceleration ``scripts/benchmarks/scenarios.yaml``, ``lora_dropout``."""


def settings(row: Row) -> Settings:
    """Return a run's settings, from the columns and the notes."""
    notes = row["notes"]
    model, config = config_of(row["model"])
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
        "gpus": int(words.found(r"num_gpus=(\d+)", notes) or 1),
        "parallel": "fsdp" if "FSDP" in notes else "none",
        "kbit_prepare": "prepare_model_for_kbit_training" in notes,
        "outer_dtype": "bf16" if "embed/lm_head bf16" in notes else "",
        "dropout": LORA_DROPOUT if row["method"] != "full" else 0.0,
    }
    if row["rank"]:
        found["rank"] = row["rank"].split()[0]
    if targets := words.found(r"targets=([\w ]+)", notes):
        found["targets"] = tuple(targets.split())
    return found

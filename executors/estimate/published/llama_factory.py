"""LLaMA-Factory: reports of runs with its script and the transformers trainer."""

from ..model_config import config_of
from . import words
from .words import Row, Settings

SOURCE = "hiyouga/LlamaFactory"

GLM_4 = {
    "model_type": "chatglm",
    "padded_vocab_size": 151552,
    "hidden_size": 4096,
    "ffn_hidden_size": 13696,
    "num_layers": 40,
    "num_attention_heads": 32,
    "multi_query_group_num": 2,
    "kv_channels": 128,
}
OWN_CODE = {"THUDM/glm-4-9b-chat": GLM_4, "THUDM/glm-4-9b": GLM_4}
"""Models that ran with code of their own. Source: ``config.json`` of the models of these names."""
QUANTS = words.QUANTS | {"bnb-4bit": "nf4-dq"}
STACK = "transformers-4.32"
"""What its versions of the first half of 2024 asked for."""


def settings(row: Row) -> Settings:
    """Return a run's settings: frozen weights in 16 bits, trained ones in float32, autocast, checkpointed.

    Source: LLaMA-Factory 0.7 ``hparams/finetuning_args.py``, ``hparams/model_args.py`` (rank 8, no dropout, all linear
    layers, doubly quantised NF4), ``model/adapter.py``, ``model/utils/checkpointing.py`` (no k-bit preparation).
    """
    config = OWN_CODE.get(row["model"]) or config_of(row["model"])[1]
    full = row["method"] == "full"
    return {
        "config": config,
        "model": row["model"],
        "method": "full" if full else words.word({"lora": "lora", "qlora": "lora"}, "method", row["method"]),
        "quant": words.word(QUANTS, "quantisation", row["quant"]),
        "rank": row["rank"] or 8,
        "batch": row["batch"],
        "seq_len": words.longest(row["seq"], config),
        "grad_checkpointing": row["grad_ckpt"] != "False",
        "optimizer": words.OPTIMIZERS.get(row["optimizer"], "adamw_torch"),
        "dtype": "fp32" if full else "bf16",
        "amp": True,
        "kbit_prepare": False,
        "attention": words.ATTENTIONS.get(row["attention"], "sdpa"),
        "stack": words.stack_of(row["notes"]) if "transformers" in row["notes"] else STACK,
        "varied": True,
    }

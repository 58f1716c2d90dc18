"""ms-swift's benchmark: its script with the transformers trainer, on one A100."""

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from . import qwen, words
from .words import Row, Settings

SOURCE = "modelscope/ms-swift"

YI = {"model_type": "llama", "vocab_size": 64000, "num_key_value_heads": 4, "hidden_size": 4096}
MODELS = {
    "qwen-1_8b-chat": qwen.MODELS["1.8b"],
    "qwen-7b-chat": qwen.MODELS["7b"],
    "qwen-14b-chat": qwen.MODELS["14b"],
    "qwen-72b-chat": qwen.MODELS["72b"],
    "baichuan2-7b-chat": {
        "model_type": "baichuan",
        "vocab_size": 125696,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
    },
    "baichuan2-13b-chat": {
        "model_type": "baichuan",
        "vocab_size": 125696,
        "hidden_size": 5120,
        "intermediate_size": 13696,
        "num_hidden_layers": 40,
        "num_attention_heads": 40,
    },
    "openbuddy-zephyr-7b-chat": {
        "model_type": "mistral",
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
    "yi-6b-chat": YI | {"num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 11008},
    "yi-34b-chat": YI
    | {
        "hidden_size": 7168,
        "num_hidden_layers": 60,
        "num_attention_heads": 56,
        "num_key_value_heads": 8,
        "intermediate_size": 20480,
    },
}
"""Source: ``config.json`` of the models of these names; OpenBuddy's is its base's, Mistral 7B, whose vocabulary it
extends by words that take less than a hundredth of the weights."""
LLAMA_TARGETS = ("q_proj", "k_proj", "v_proj")
DEFAULT_TARGETS = {
    "qwen": ("c_attn",),
    "llama": LLAMA_TARGETS,
    "mistral": LLAMA_TARGETS,
    "baichuan": ("W_pack",),
}
"""Source: ms-swift 1.x ``swift/llm/utils/model.py``, ``LoRATM``."""
VARIANTS = {"lora": "none", "qlora": "none", "full": "none", "rslora": "rslora", "dora": "dora", "lora+": "none"}
UNEXPLAINED = frozenset({"chatglm3-6b"})
"""Models that were measured so far above what their code accounts for that a cause is missing."""
QUANTS = {"": "none", "none": "none", "bf16": "none", "int4 (bnb)": "nf4-dq"}
"""Source: ms-swift 1.x ``argument.py``, ``bnb_4bit_quant_type``, ``bnb_4bit_use_double_quant``."""
ACCUMULATION = 16
WRITTEN_OUT = frozenset({"baichuan2-13b-chat"})
"""Models that write scores out unless xformers is there, which ms-swift does not ask for. Source: its requirements."""


def settings(row: Row) -> Settings:
    """Return a run's settings: 16-bit weights, autocast, checkpointed, adapters in float32, no k-bit preparation.

    Raises:
        UnsupportedError: The model's shapes or the method are not known, or its measurements are not explained.

    Source: ms-swift 1.x ``swift/llm/utils/argument.py``: ``lora_dtype``, ``lora_dropout_p``; ``tuner.py``.
    """
    if row["model"] in UNEXPLAINED:
        raise UnsupportedError(say("estimate.row.unexplained", value=row["model"]))
    if row["model"] not in MODELS:
        raise UnsupportedError(say("estimate.row.model", value=row["model"]))
    config = MODELS[row["model"]]
    name = row["method"].removesuffix("+no_mix")
    variant = words.word(VARIANTS, "method", name)
    full = name == "full"
    everywhere = "target=ALL" in row["notes"]
    return {
        "config": config,
        "model": row["model"],
        "method": "full" if full else "lora",
        "variant": variant,
        "quant": words.word(QUANTS, "quantisation", row["quant"]),
        "rank": row["rank"] or 8,
        "targets": () if full or everywhere else DEFAULT_TARGETS[str(config["model_type"])],
        "dropout": 0.0 if full else 0.05,
        "batch": row["batch"],
        "seq_len": words.longest(row["seq"], {}),
        "grad_checkpointing": row["grad_ckpt"] == "True",
        "grad_accum": ACCUMULATION,
        "optimizer": "adamw_torch",
        "dtype": "bf16",
        "amp": True,
        "kbit_prepare": False,
        "attention": "eager" if row["model"] in WRITTEN_OUT else "flash",
        "stack": "ms-swift",
        "varied": True,
    }

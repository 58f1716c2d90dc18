"""torchtitan's benchmarks: pre-training of Llama 3 with FSDP2, where nothing is compiled or rounded to 8 bits."""

from typing import Any

from ....knowledge.messages import say
from ..unsupported import UnsupportedError
from . import words
from .words import Row, Settings

SOURCE = "pytorch/torchtitan"


def _llama(width: int, layers: int, heads: int, inner: int) -> dict[str, Any]:
    return {
        "model_type": "torchtitan",
        "vocab_size": 128256,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 8,
    }


MODELS = {
    "Llama 3.1 8B": _llama(4096, 32, 32, 14336),
    "Llama 3.1 70B": _llama(8192, 80, 64, 28672),
    "Llama 3.1 405B": _llama(16384, 126, 128, 53248),
}
"""Source: torchtitan ``models/llama3/__init__.py``."""
CHECKPOINTS = {"selective": "op", "full": "full"}
"""Source: torchtitan ``train_configs/llama3_8b.toml``, ``selective_ac_option``."""


def settings(row: Row) -> Settings:
    """Return a run's settings: weights sharded in float32, gathered in bf16; AdamW over lists of tensors.

    Raises:
        UnsupportedError: The model is another one, or it is split in ways other than FSDP's.

    Source: torchtitan ``models/llama3/infra/parallelize.py``, ``apply_fsdp``; ``components/optimizer.py``.
    """
    if row["model"] not in MODELS:
        raise UnsupportedError(say("estimate.row.model", value=row["model"]))
    split = words.found(r"\b((?:TP|CP|PP|AsyncTP)[2-9]\d*)", row["notes"])
    if split is not None:
        raise UnsupportedError(say("estimate.row.split", value=split))
    return {
        "config": MODELS[row["model"]]
        | {"activation_checkpoint": words.word(CHECKPOINTS, "checkpointing", row["grad_ckpt"])},
        "model": row["model"],
        "method": words.word({"full(pretrain)": "full"}, "method", row["method"]),
        "batch": row["batch"],
        "seq_len": words.longest(row["seq"], {}),
        "grad_checkpointing": True,
        "optimizer": "adamw_torch",
        "dtype": "bf16",
        "amp": False,
        "gpus": words.devices_of(row["gpu"]),
        "parallel": "fsdp",
        "stack": "torchtitan",
    }

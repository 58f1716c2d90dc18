"""peft's method comparison: one 3B model, batches of bucketed rows of up to 768 tokens."""

from ..estimate import estimate
from ..request import BITS, EstimateRequest
from ..result import Estimate
from . import fms, words
from .words import Row, Settings

SOURCE = "huggingface/peft method_comparison"
TARGETS = ("q_proj", "v_proj")
"""Source: peft ``utils/constants.py``, default of Llama."""
HALVES = {"mica": "A"}
"""Relatives of LoRA that train one of its two matrices. Source: peft ``tuners/lora/config.py``, ``MiCALinearVariant``.
"""
EMPTIES_CACHE = True
"""The reserve is that of a few steps of different lengths. Source: ``method_comparison/MetaMathQA/run.py``."""


def settings(row: Row) -> Settings:
    """Return a run's settings; a soft prompt's length is told by the number of trained parameters."""
    found = fms.settings(row) | {"dropout": 0.0}
    if row["method"] == "lora" and "targets" not in found:
        found["targets"] = TARGETS
    found["trained_half"] = HALVES.get(row["notes"].rpartition("variant=")[2].split(";")[0].rpartition("-")[2], "both")
    trained = words.found(r"; trainable=(\d+)", row["notes"])
    if trained is not None and found["method"] in {"prompt_tuning", "p_tuning_v2"}:
        one = EstimateRequest.model_validate({**found, "virtual_tokens": 1})
        found["virtual_tokens"] = max(1, int(trained) // estimate(one).trainable_parameters)
    return found


def between_steps(request: EstimateRequest, answer: Estimate) -> tuple[int, int, int]:
    """Return low, likely and high bytes between two steps, as this source reads them.

    Gradients are cleared at the start of a step, and the model's outputs are held until the next ones: the logits of a
    batch, whose rows are none, half or all of the longest, as lengths spread evenly up to it are on average the half.

    Source: ``method_comparison/MetaMathQA/run.py``, ``train``: ``outputs``, ``zero_grad``, ``memory_allocated``.
    """
    gradients = answer.trainable_parameters * (BITS["bf16"] if answer.method == "full" else BITS["fp32"])
    steady = answer.steady_bytes + gradients
    prompt = request.virtual_tokens if request.method == "prompt_tuning" else 0
    row = request.batch * int(str(request.config["vocab_size"])) * BITS[request.dtype]
    low, likely, high = (steady + row * (prompt + int(request.seq_len * share)) for share in (0, 1 / 2, 1))
    return low, likely, high

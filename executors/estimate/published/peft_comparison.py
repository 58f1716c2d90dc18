"""peft's method comparison: one 3B model, batches of bucketed rows of up to 768 tokens."""

from ..estimate import estimate
from ..request import BITS, EstimateRequest
from ..result import Estimate
from . import fms, words
from .words import Row, Settings

SOURCE = "huggingface/peft method_comparison"
TARGETS = ("q_proj", "v_proj")
"""Source: peft ``utils/constants.py``, default of Llama."""
EMPTIES_CACHE = True
"""The reserve is that of a few steps of different lengths. Source: ``method_comparison/MetaMathQA/run.py``."""


def settings(row: Row) -> Settings:
    """Return a run's settings; a soft prompt's length is told by the number of trained parameters."""
    found = fms.settings(row) | {"dropout": 0.0}
    if row["method"] == "lora" and "targets" not in found:
        found["targets"] = TARGETS
    trained = words.found(r"; trainable=(\d+)", row["notes"])
    if trained is not None and found["method"] in {"prompt_tuning", "p_tuning_v2"}:
        one = EstimateRequest.model_validate({**found, "virtual_tokens": 1})
        found["virtual_tokens"] = max(1, int(trained) // estimate(one).trainable_parameters)
    return found


def gradient_bytes(answer: Estimate) -> int:
    """Return the gradients, which this source clears at the start of a step, so that its steady state holds them.

    Source: ``method_comparison/MetaMathQA/run.py``, ``train``.
    """
    return answer.trainable_parameters * (BITS["bf16"] if answer.method == "full" else BITS["fp32"])

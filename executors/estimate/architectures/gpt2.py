"""GPT-2: learned positions, joined attention projections, a plain feed-forward layer, everything biased."""

from collections.abc import Mapping
from dataclasses import replace

from ....knowledge.json_value import JsonValue
from ....knowledge.messages import say
from ....knowledge.stack import Stack
from ..unsupported import UnsupportedError
from ..weights import Architecture
from . import gpt_bigcode

MODEL_TYPES = frozenset({"gpt2"})
ACTIVATION = "gelu_new"
"""Default of ``activation_function``. Source: transformers ``GPT2Config``."""


def read(config: Mapping[str, JsonValue], stack: Stack) -> Architecture:
    """Return the shapes of a GPT-2 decoder, whose layers ``Conv1D`` peft and bitsandbytes treat like linear ones.

    Raises:
        UnsupportedError: The model attends to an encoder, or computes scores in float32.

    Source: transformers ``models/gpt2/modeling_gpt2.py``.
    """
    for name in ("add_cross_attention", "reorder_and_upcast_attn"):
        if config.get(name):
            raise UnsupportedError(say("estimate.unknown_variant", key=name, value=config[name]))
    plain = {"activation_function": ACTIVATION, **config, "multi_query": False}
    return replace(gpt_bigcode.read(plain, stack), upcasts_logits=True, buffers=0)

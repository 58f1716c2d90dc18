"""Read from a model's config how its checkpoint was quantised."""

from collections.abc import Mapping

from ...knowledge.json_value import JsonValue
from ...knowledge.messages import say
from .unsupported import UnsupportedError

WHOLE_COLUMNS = 1 << 30
"""Stands for a group as long as a weight's column, which configs write as -1."""


def stored_as(config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the request's settings that a config's ``quantization_config`` implies; none for plain weights.

    Args:
        config: The model's config.

    Raises:
        UnsupportedError: A kind of quantisation whose storage is not known.

    Source: transformers ``utils/quantization_config.py``, ``GPTQConfig`` and ``BitsAndBytesConfig``.
    """
    how = config.get("quantization_config")
    if not isinstance(how, dict):
        return {}
    kind, bits = how.get("quant_method"), how.get("bits")
    if kind == "gptq" and bits == 4:
        group = how.get("group_size", 128)
        return {"quant": "gptq", "group_size": group if isinstance(group, int) and group > 0 else WHOLE_COLUMNS}
    if how.get("load_in_8bit"):
        return {"quant": "int8"}
    if how.get("load_in_4bit"):
        packing = str(how.get("bnb_4bit_quant_type", "fp4"))
        return {"quant": f"{packing}-dq" if how.get("bnb_4bit_use_double_quant") else packing}
    raise UnsupportedError(say("estimate.stored_otherwise", kind=kind, bits=bits))

"""How many tokens a model's positions reach, from its config."""

from collections.abc import Mapping

from ...knowledge.json_value import JsonValue
from .architectures import bert, gpt2, gpt_bigcode, opt

LEARNED = bert.MODEL_TYPES | gpt2.MODEL_TYPES | gpt_bigcode.MODEL_TYPES | opt.MODEL_TYPES
BEFORE_THE_FIRST = {
    **dict.fromkeys(("roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod", "camembert"), 2),
    **dict.fromkeys(("data2vec-text", "mpnet", "longformer", "luke", "ibert", "esm"), 2),
}
"""Rows of the position table that no token takes.

Source: transformers ``RobertaEmbeddings.create_position_ids_from_input_ids`` and its likes: positions start behind the
padding's, which is token 1.
"""


def context_of(config: Mapping[str, JsonValue]) -> int | None:
    """Return the tokens of the longest sequence that a model was made for; None where its config does not say.

    Args:
        config: The model's config.
    """
    kind = str(config.get("model_type"))
    longest = config.get("max_position_embeddings", config.get("n_positions") if kind in LEARNED else None)
    return longest - BEFORE_THE_FIRST.get(kind, 0) if isinstance(longest, int) else None


def has_position_table(config: Mapping[str, JsonValue]) -> bool:
    """Return whether every position has a row of a learned table, so that longer sequences cannot run at all.

    Args:
        config: The model's config.
    """
    return config.get("model_type") in LEARNED

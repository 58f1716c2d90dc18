"""Read once what many prompts begin with, such as examples or whole documents, instead of anew for each question.

A decoder's keys and values of a token depend on that token and those before it. Those of a shared start are computed
once and stand before the rest of each prompt; padding stands between the two, masked out like any other.

Source: Pope et al. 2022, arXiv 2211.05102, section 3 (keys and values of a shared prefix); transformers'
``generate``, which reads what a given cache does not hold yet, at the positions that the attention mask counts.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .answerer import Conversation
from .models import require

if TYPE_CHECKING:
    from transformers import DynamicCache

LEAST = 128
"""Tokens from which on a shared start is worth a reading of its own."""

CHANGING = ("dynamic", "longrope")
"""Rotations whose angles depend on how long the whole text is: a start that was read alone has others."""


@dataclass(frozen=True)
class Group:
    """Hold prompts that begin alike.

    Attributes:
        places: Which ones, in their order.
        shared: How many tokens all of them begin with and are read once; fewer than the shortest has, 0 for none.
    """

    places: list[int]
    shared: int = 0


class Start(NamedTuple):
    """Hold what prompts begin with: how many tokens, and a model's keys and values of them."""

    tokens: int
    cache: "DynamicCache"


def groups_of(conversations: Sequence[Conversation], tokens: Sequence[Sequence[int]]) -> list[Group]:
    """Divide prompts into groups with one start; all without a start that is worth it are one group.

    Args:
        conversations: Those with the same turns before the question may begin alike.
        tokens: Their tokens.
    """
    alike: dict[str, list[int]] = {}
    for place, conversation in enumerate(conversations):
        alike.setdefault(json.dumps(conversation[:-1]), []).append(place)
    found = [Group(places, _shared([tokens[place] for place in places])) for places in alike.values()]
    rest = sorted(place for group in found if not group.shared for place in group.places)
    return [*(group for group in found if group.shared), *([Group(rest)] if rest else [])]


def keeps_every_token(model: Any) -> bool:  # noqa: ANN401 - a model with or without an adapter
    """Tell whether a model's cache is the keys and values of all tokens, each independent of what follows.

    Sliding windows, recurrent states and caches of another kind are not. Positions must be counted by the attention
    mask, as rotations are: some models count the padding between start and question, too, where they have none.
    """
    if getattr(model, "_is_stateful", True) or not model._supports_default_dynamic_cache():
        return False
    config = model.config.get_text_config()
    turned: Mapping[str, Any] = getattr(config, "rope_parameters", None) or {}
    kinds = [kind for kind in (turned, *turned.values()) if isinstance(kind, Mapping)]
    changing = any(name in str(kind.get("rope_type")) for kind in kinds for name in CHANGING)
    if not turned or changing or getattr(config, "alibi", False):
        return False
    own: str | None = model.generation_config.cache_implementation
    plain = require("transformers.cache_utils").DynamicLayer
    layers = require("transformers").DynamicCache(config=config).layers
    return own is None and bool(layers) and all(type(layer) is plain for layer in layers)


def read_start(model: Any, tokens: Sequence[int], settings: Mapping[str, Any]) -> Start | None:  # noqa: ANN401 - as above
    """Let a model read a start, and return it, or None where the model keeps something else after all.

    Args:
        model: One that ``keeps_every_token``.
        tokens: The start.
        settings: Of ``generate``, those that the answers are written with.
    """
    import torch

    cache: DynamicCache = require("transformers").DynamicCache(config=model.config.get_text_config())
    ids = torch.tensor([[*tokens]], device=model.device)
    whole = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "past_key_values": cache}
    model.generate(**whole, max_new_tokens=1, **settings)  # the one token that it writes is not read any more
    return Start(len(tokens), cache) if cache.get_seq_length() == len(tokens) else None


def repeated(cache: "DynamicCache", rows: int) -> "DynamicCache":
    """Return a cache with the same start in each row; the given one stays as it is, and nothing is copied yet."""
    found = copy.copy(cache)
    found.layers = [_widened(layer, rows) for layer in cache.layers]
    return found


def _widened(layer: Any, rows: int) -> Any:  # noqa: ANN401 - the kind that ``keeps_every_token`` asks for
    found = copy.copy(layer)
    found.keys, found.values = (part.expand(rows, -1, -1, -1) for part in (layer.keys, layer.values))
    return found


def _shared(prompts: Sequence[Sequence[int]]) -> int:
    first, last = min(prompts, key=tuple), max(prompts, key=tuple)  # what these two begin with, all between them do
    most = min(map(len, prompts)) - 1
    shared = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), most)
    shared = min(shared, most)
    return shared if len(prompts) > 1 and shared >= LEAST else 0

"""Let a model learn new words: each gets a token whose embedding begins as the mean of the pieces it was made of.

Source: Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models" (why not at random); Yao et al.
2021, arXiv 2106.13474, section 3.2 (mean of the pieces).
"""

# ruff: noqa: ANN401 - models with and without adapters

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from ..knowledge.errors import UserError
from ..knowledge.messages import say

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

METHODS = ("full", "lora", "qlora")
"""Methods that can train single rows of the table of embeddings, or all of it."""

SEVERAL_TABLES = frozenset(
    {"t5", "mt5", "umt5", "longt5", "switch_transformers", "bart", "mbart", "plbart", "mvp", "led", "marian", "m2m_100"}
    | {"pegasus", "pegasus_x", "bigbird_pegasus", "blenderbot", "blenderbot-small", "prophetnet", "xlm-prophetnet"}
)
"""Families whose encoder and decoder each look tokens up in a module of their own, which share one weight.

An adapter of single rows stands beside one module. T5's would be learnt twice over and come apart; of BART's, encoder
and decoder would see nothing.
"""

GROWN = "grown_tokens"
Pieces = dict[int, list[int]]
"""The tokens that a new token's word was made of before, by the new token."""

NEW = "new_tokens"
"""Where a result says which words were new: a list of them, and each one's token and pieces."""


def growing_methods(model_type: str) -> tuple[str, ...]:
    """Return the methods that can train new words' embeddings in a family of models, named as transformers does."""
    return ("full",) if model_type in SEVERAL_TABLES else METHODS


def refuse_growth(words: Sequence[str], method: str, model_type: str) -> None:
    """Check that new words can be learnt.

    Raises:
        UserError: Not with this method in this family of models; names what can.
    """
    known = growing_methods(model_type)
    if words and method not in known:
        message = say("vocabulary.impossible", method=method, kind=model_type)
        hint = say("vocabulary.impossible_hint", kind=model_type, methods=", ".join(known))
        raise UserError(message, hint, {"method": "lora" if "lora" in known else known[0]})


def grow_tokenizer(tokenizer: "PreTrainedTokenizerBase", words: Sequence[str]) -> Pieces:
    """Add words to a tokenizer, and return what each was made of; words that are one token already are left out."""
    made = {word: tokenizer(word, add_special_tokens=False)["input_ids"] for word in dict.fromkeys(words)}
    new = [word for word, pieces in made.items() if len(pieces) > 1]
    tokenizer.add_tokens(new)
    return dict(zip(cast("list[int]", tokenizer.convert_tokens_to_ids(new)), map(made.__getitem__, new), strict=True))


def told(words: Sequence[str], pieces: Pieces) -> dict[str, Any]:
    """Return what a result has to say of new words; nothing where there are none."""
    return {NEW: {"words": list(words), "pieces": [[token, made] for token, made in pieces.items()]}} if pieces else {}


def grow_as_told(model: Any, about: Mapping[str, Any]) -> None:
    """Give a base model the tokens that a result says were new."""
    grow_model(model, dict(about.get(NEW, {}).get("pieces", [])))


def grown_config(config: Any, pieces: Pieces) -> Any:
    """Return a model's config as it is once the model has a row for each new token."""
    grown = deepcopy(config)
    text = grown.get_text_config()
    text.vocab_size = max(text.vocab_size, *(token + 1 for token in pieces)) if pieces else text.vocab_size
    return grown


def grow_model(model: Any, pieces: Pieces) -> None:
    """Give each new token a row in the tables of embeddings, the mean of its pieces' rows."""
    import torch

    if not pieces:
        return
    size = model.get_input_embeddings().weight.shape[0]
    model.resize_token_embeddings(max(size, max(pieces) + 1), mean_resizing=False)
    tables = [model.get_input_embeddings(), model.get_output_embeddings()]
    with torch.no_grad():
        for weight in {id(table.weight): table.weight for table in tables if table is not None}.values():
            weight[size:] = weight[:size].mean(dim=0)  # of words that the tokenizer has and the model had no row for
            for token, made in pieces.items():
                weight[token] = weight[made].mean(dim=0)
    setattr(model, GROWN, tuple(sorted(pieces)))


def grown_settings(model: Any) -> dict[str, Any]:
    """Return the settings of an adapter that trains the new tokens' rows, in the head's table too if it has its own."""
    tokens = list(getattr(model, GROWN, ()))
    if not tokens:
        return {}
    inner, outer = model.get_input_embeddings(), model.get_output_embeddings()
    tables = [inner, *([outer] if outer is not None and outer.weight is not inner.weight else [])]
    names = {id(module): name for name, module in model.named_modules()}
    return {"trainable_token_indices": {names[id(table)].rpartition(".")[2]: tokens for table in tables}}

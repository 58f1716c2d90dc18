"""What a model has besides its body: the head of a task, which is trained whole whatever the method."""

# ruff: noqa: ANN401 - models with and without adapters

from typing import Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say

HEADS = ("classifier", "score", "classification_head", "pre_classifier", "qa_outputs")
"""Modules that stand between a model's body and what a task asks for. Source: transformers' model classes."""

GAPS = "FEATURE_EXTRACTION"
KINDS = {
    "ForSequenceClassification": "SEQ_CLS",
    "ForTokenClassification": "TOKEN_CLS",
    "ForQuestionAnswering": "QUESTION_ANS",
    "ForConditionalGeneration": "SEQ_2_SEQ_LM",
    "ForMaskedLM": GAPS,  # the library has no name for it, and with this one it changes nothing
}
"""PEFT's names of tasks, by the end of the names of transformers' classes; all others are language models."""

POOLER = "pooler.dense"
"""Encoders' layer behind the last block, which some checkpoints have and some have not."""

HEAD_KINDS = {
    "AutoModelForSequenceClassification": "sequence",
    "AutoModelForTokenClassification": "token",
    "AutoModelForQuestionAnswering": "span",
}
"""What the estimator calls a head, by transformers' Auto class."""

FRESH = "fresh_modules"


def kind_of(model: Any) -> str:
    """Return PEFT's name for what a model was loaded for."""
    name = type(model.get_base_model() if hasattr(model, "get_base_model") else model).__name__
    return next((kind for end, kind in KINDS.items() if name.endswith(end)), "CAUSAL_LM")


def has_head(model: Any) -> bool:
    """Tell whether a model has a task's head instead of a language model's."""
    return kind_of(model) not in {"CAUSAL_LM", "SEQ_2_SEQ_LM"}


def note_fresh(model: Any, missing: set[str]) -> None:
    """Remember which modules a checkpoint had no weights for: they are random, and so have to be trained and kept.

    BERT's pooler is one where the checkpoint was made by a masked language model.
    """
    setattr(model, FRESH, tuple(sorted({name.rpartition(".")[0] for name in missing})))


def fresh_modules(model: Any) -> tuple[str, ...]:
    """Return the modules that a checkpoint had no weights for."""
    found: tuple[str, ...] = getattr(model, FRESH, ())
    return found


def is_head(name: str) -> bool:
    """Tell whether a module is a task's head or part of it, or an encoder's pooler."""
    return name.partition(".")[0] in HEADS or name.endswith(POOLER)


def is_pooler_fresh(model: Any) -> bool:
    """Tell whether an encoder's pooler starts from chance, and so is trained whole."""
    return has_head(model) and any(name.endswith(POOLER) for name in fresh_modules(model))


def no_gap_head(source: object) -> UserError:
    """Return the error that says that a model was saved without the head that fills gaps, as sentence encoders are."""
    return UserError(say("refusals.no_gap_head", source=source), say("refusals.no_gap_head_hint"))


def head_shape(auto: str, labels: int) -> dict[str, Any]:
    """Return what an estimate has to know of a head, as fields of its request; nothing for language models."""
    return {"labels": labels, "head": HEAD_KINDS[auto]} if auto in HEAD_KINDS else {}


def head_modules(model: Any) -> list[str]:
    """Return the names of the modules that are trained whole; none where a language model has all it needs."""
    if not has_head(model):
        return []
    known = [name for name, _ in model.named_children() if name in HEADS]
    inside = tuple(f"{name}." for name in known)
    fresh = [name for name in fresh_modules(model) if name not in known and not name.startswith(inside)]
    return [*known, *fresh]


def prompted(model: Any, config: Any) -> Any:
    """Return a model with the vectors of a prompt-learning method; see ``tuners.prompted`` for those with a head."""
    from peft import get_peft_model

    from .tuners.prompted import PromptedModel

    _fill_sizes(model.config.get_text_config(), config)
    if not has_head(model):
        return get_peft_model(model, config)
    config.task_type = None
    config.base_model_name_or_path = model.name_or_path
    return PromptedModel(model, config)


def _fill_sizes(model: Any, config: Any) -> None:
    """Name sizes that the PEFT library does not find: DistilBERT's, and T5's keys, which may be narrower than itself.

    Source: peft 0.21.2, utils/other.py, _prepare_prompt_learning_config.
    """
    if "hidden_size" not in model.to_dict():
        config.token_dim, config.num_attention_heads = model.hidden_size, model.num_attention_heads
    if config.peft_type == "PREFIX_TUNING" and hasattr(model, "d_kv"):
        config.token_dim = model.num_heads * model.d_kv


def peft_settings(model: Any) -> dict[str, Any]:
    """Return the settings of an adapter that follow from what the model was loaded for."""
    return {"task_type": kind_of(model), "modules_to_save": head_modules(model) or None}


def train_head(model: Any) -> None:
    """Make the head's parameters trainable, for methods that are no adapter of the PEFT library."""
    for name in head_modules(model):
        model.get_submodule(name).requires_grad_(True)


def widen_head(model: Any) -> None:
    """Keep a task's head in float32 whatever the body is stored in: an update of a bfloat16 number may round away.

    The PEFT library widens what it adds, but trains a copy of the head as it finds it. Its inputs are widened, too,
    for where nothing else does so: in a training or an answering that computes in the body's number type.

    Source: peft 0.21.2, tuners/tuners_utils.py, ``cast_adapter_dtype``.
    """
    import torch

    for module in map(model.get_submodule, head_modules(model)):
        if any(weight.dtype != torch.float32 for weight in module.parameters()):
            module.float()
            module.register_forward_pre_hook(_as_its_weights)


def _as_its_weights(module: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
    number_type = next(module.parameters()).dtype  # of a shared model it is another while it computes
    return tuple(value.to(number_type) if value.is_floating_point() else value for value in given)

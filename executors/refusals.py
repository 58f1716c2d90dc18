"""Refuse, before weights are loaded, what a model, a task and a method cannot do together, and name what can."""

# ruff: noqa: ANN401 - transformers' own configs and models

import sys
from typing import TYPE_CHECKING, Any

from ..knowledge.errors import UserError
from ..knowledge.messages import say
from .family import family_of
from .heads import is_head, note_fresh
from .method import MethodModule, MethodOptions, is_trained_widened
from .methods.lora import Options as LoraOptions
from .models import class_of, computes_in_half, device, load_config, require
from .plan import ModelSource
from .task import LANGUAGE_MODEL, Loader, TaskBase
from .train_options import TrainOptions
from .tuners.started_lora import TAKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

INSTEAD = {
    (LANGUAGE_MODEL, "encoder"): "encoder_writes",
    (LANGUAGE_MODEL, "encoder_decoder"): "use_seq2seq",
    ("AutoModelForSeq2SeqLM", "encoder"): "encoder_writes",
    ("AutoModelForSeq2SeqLM", "decoder"): "use_causal_lm",
    ("AutoModelForMaskedLM", "decoder"): "use_pretraining",
    ("AutoModelForMaskedLM", "encoder_decoder"): "use_seq2seq",
}
"""What to do where a family of models cannot be loaded for a task, by transformers' Auto class and the family."""

MASKED_LIKE_QUERIES = frozenset({"deberta", "deberta-v2"})
"""Families whose masks are filled with the least number of their queries' type."""

TASKS = {"use_seq2seq": "seq2seq", "use_causal_lm": "causal_lm", "use_pretraining": "continued_pretraining"}
"""The task that such a family can do with the same rows, by what is said."""


def refuse_impossible(
    base: ModelSource, loader: Loader, method_id: str, method: MethodModule, options: MethodOptions
) -> None:
    """Check that a model has a class for the task, and that the method finds what it trains.

    The method is attached to the model without its weights, so what it refuses it refuses here.

    Args:
        base: The model.
        loader: What it is loaded for.
        method_id: The method, as people call it.
        method: The same.
        options: The method's options.

    Raises:
        UserError: They do not go together; names what does.
    """
    import torch

    transformers = require("transformers")
    config = load_config(base, loader)
    kind, family = config.model_type, family_of(config)
    auto = getattr(transformers, loader.auto)
    refuse_family(loader.auto, family, kind)
    if type(config) not in auto._model_mapping:
        raise UserError(say("refusals.no_class", kind=kind, auto=loader.auto), say("refusals.no_class_hint"))
    with torch.device("meta"):
        kind_of_model = class_of(auto, config)
        bare = auto.from_config(config) if kind_of_model is auto else kind_of_model(config)
    note_fresh(bare, set())
    if getattr(options, "virtual_tokens", 0):
        _refuse_prompt(bare, kind, method_id, method)
    _refuse_targets(bare, options)
    _refuse_start(base, options)
    try:
        attached = method.attach(bare, options)
    except ValueError as error:  # what the PEFT library itself knows that it cannot change
        values = {"kind": kind, "method": method_id, "problem": str(error).strip().split("\n")[0]}
        raise UserError(say("refusals.not_attached", **values), say("refusals.not_attached_hint")) from error
    _refuse_wide_start(attached, options)


def _refuse_wide_start(attached: Any, options: MethodOptions) -> None:
    """Refuse to take more directions of a layer's weights than there are; what is saved would not load."""
    start, rank = getattr(options, "start", "default"), getattr(options, "rank", 0)
    if start not in TAKING:
        return
    widths = {name: min(module.in_features, module.out_features) for name, module in _adapted_layers(attached)}
    name = min(widths, key=lambda name: widths[name])
    if widths[name] < rank:
        values = {"start": start, "rank": rank, "layer": name.rpartition(".")[2], "width": widths[name]}
        change = {"method_options.rank": widths[name]}
        raise UserError(say("refusals.wide_start", **values), say("refusals.wide_start_hint", **values), change)


def _adapted_layers(attached: Any) -> list[tuple[str, Any]]:
    from peft.tuners.lora import LoraLayer

    return [(name, module) for name, module in attached.named_modules() if isinstance(module, LoraLayer)]


def _refuse_start(base: ModelSource, options: MethodOptions) -> None:
    """Refuse to take a part of weights that are stored rounded: what is left of them would be rounded anew."""
    start = getattr(options, "start", "default")
    if start in TAKING and base.quantisation != "none":
        values = {"start": start, "quantisation": base.quantisation}
        raise UserError(say("refusals.start_of_quantised", **values), say("refusals.start_of_quantised_hint"))


def refuse_kernels(options: TrainOptions) -> None:
    """Check that Liger's kernels, where they are wanted, have a GPU and are installed.

    Raises:
        UserError: They have not, or are not.
    """
    from transformers.utils.import_utils import is_liger_kernel_available

    if options.kernels == "liger" and (device().type not in ("cuda", "xpu") or not is_liger_kernel_available()):
        raise UserError(say("refusals.no_liger", device=device().type), say("refusals.no_liger_hint"))


def refuse_unmade_kernels(options: TrainOptions, kind: str) -> None:
    """Check that Liger's kernels, where they are wanted, are made for a model, as the library passes over others.

    Args:
        options: All settings.
        kind: The model's ``model_type``.

    Raises:
        UserError: They are not.

    Source: liger-kernel 0.8, ``_apply_liger_kernel_to_instance``.
    """
    if (
        options.kernels == "liger"
        and kind not in require("liger_kernel.transformers.monkey_patch").MODEL_TYPE_TO_APPLY_LIGER_FN
    ):
        message, hint = say("refusals.liger_unmade", kind=kind), say("refusals.liger_unmade_hint")
        raise UserError(message, hint, {"kernels": "standard"})


def refuse_mixed(options: TrainOptions, base: ModelSource, method_id: str, kind: str) -> None:
    """Check that a model whose masks are as wide as its queries has scores that are as wide.

    Beside quantised layers queries are float32, and where bfloat16 is computed in, their products are not.

    Args:
        options: All settings.
        base: The model, stored as the method needs it.
        method_id: The method, as people call it.
        kind: The model's ``model_type``.

    Raises:
        UserError: It has not; names what computes.

    Source: transformers 5.23, ``modeling_deberta_v2.py``, ``DisentangledSelfAttention.forward``.
    """
    mixes = kind in MASKED_LIKE_QUERIES and base.quantisation != "none" and is_trained_widened(method_id)
    if mixes and computes_in_half(options):
        message = say("refusals.mixed", kind=kind, method=method_id)
        raise UserError(message, say("refusals.mixed_hint"), {"precision": "float32"})


def refuse_family(auto: str, family: str, kind: str) -> None:
    """Check that models of a family can be loaded for a task.

    Args:
        auto: The task's Auto class of transformers.
        family: What ``family_of`` says of the model.
        kind: The model's ``model_type``.

    Raises:
        UserError: They cannot; names the task that they can be loaded for.
    """
    if key := INSTEAD.get((auto, family)):
        change = {"task": TASKS[key]} if key in TASKS else {}
        raise UserError(say(f"refusals.{key}", kind=kind), say(f"refusals.{key}_hint"), change)


def room(config: Any, limit: int, virtual_tokens: int = 0) -> int:
    """Return how many tokens a row may have: what the model can read, less what a method puts before it.

    RoBERTa, MPNet and their relatives count positions from behind their padding's, so they read fewer tokens than
    their configs say.

    Source: transformers ``RobertaEmbeddings.create_position_ids_from_input_ids``.
    """
    return limit if limit == sys.maxsize else limit - _positions_before_the_first(config) - virtual_tokens


def longest_row(wanted: int | None, config: Any, readable: int) -> int:
    """Return how many tokens a row has at most: as many as are wanted, where the model can read them.

    Positions that are rotations go on behind the length that a model was made for; a table of them ends there.

    Args:
        wanted: As the plan says; None for what the model was made for.
        config: The model's config.
        readable: What ``room`` returned.
    """
    if wanted is None:
        return readable
    return wanted if hasattr(config.get_text_config(), "rope_parameters") else min(wanted, readable)


def _positions_before_the_first(config: Any) -> int:
    """Return how many rows of an encoder's table of positions no token takes: those up to the padding's, if any."""
    import torch
    from transformers import AutoModel

    if family_of(config) != "encoder" or type(config) not in AutoModel._model_mapping:
        return 0
    with torch.device("meta"):
        bare = AutoModel.from_config(config)
    tables = [module for name, module in bare.named_modules() if name.rpartition(".")[2] == "position_embeddings"]
    paddings = [table.padding_idx for table in tables if getattr(table, "padding_idx", None) is not None]
    return max(paddings, default=-1) + 1


def refuse_slow(tokenizer: "PreTrainedTokenizerBase", task_id: str, task: TaskBase) -> None:
    """Check that a tokenizer tells where in a text its tokens stand, where the task needs that.

    Raises:
        UserError: It does not, as it is written in Python alone; names tokenizers that do.
    """
    if task.PLACES and not tokenizer.is_fast:
        values = {"tokenizer": type(tokenizer).__name__, "task": task_id}
        raise UserError(say("refusals.slow_tokenizer", **values), say("refusals.slow_tokenizer_hint"))


def _refuse_prompt(bare: Any, kind: str, method_id: str, method: MethodModule) -> None:
    from .heads import has_head
    from .tuners.prompted import carrier

    if not method.CHECKPOINTING and has_head(bare) and carrier(bare) is None:
        message = say("refusals.no_prefix", kind=kind, method=method_id)
        raise UserError(message, say("refusals.no_prefix_hint"), {"method": "prompt_tuning"})


def _refuse_targets(bare: Any, options: MethodOptions) -> None:
    """Check that there are layers of the names that are to be changed: the library leaves out those without.

    Of a table of embeddings only a LoRA can be put beside.
    """
    from difflib import get_close_matches

    from torch.nn import Embedding, Linear
    from transformers.pytorch_utils import Conv1D

    named: list[str] = list(dict.fromkeys([*getattr(options, "targets", ()), *getattr(options, "feedforward", ())]))
    kinds = (Linear, Conv1D, Embedding) if isinstance(options, LoraOptions) else (Linear, Conv1D)
    layers = [name for name, module in bare.named_modules() if isinstance(module, kinds)]
    unknown = [one for one in named if not any(f".{name}".endswith(f".{one}") for name in layers)]
    if not unknown:
        return
    known = list(dict.fromkeys(name.rpartition(".")[2] for name in layers if not is_head(name)))
    close = {one: next(iter(get_close_matches(one, known, 1)), None) for one in unknown}
    message = say("refusals.no_target", names=", ".join(unknown), kind=bare.config.model_type)
    change = {}
    for option in ("targets", "feedforward"):
        if all(close.values()) and (given := getattr(options, option, ())):
            change[f"method_options.{option}"] = ",".join(dict.fromkeys(close.get(one) or one for one in given))
    raise UserError(message, say("refusals.no_target_hint", known=", ".join(known)), change)

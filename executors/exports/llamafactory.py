"""LLaMA-Factory: ``llamafactory-cli train config.yaml``.

With ``bf16`` it keeps what is trained in float32 (``model/adapter.py``, unless ``pure_bf16``).

Source: llamafactory 0.9.5, ``hparams/*_args.py`` (names of settings), ``data/parser.py`` (``dataset_info.json``).
"""

from collections.abc import Sequence

from ...knowledge.errors import UserError
from ...knowledge.messages import say
from ..data import Conversation
from ..export_run import Contents, lines_of, lora_method, yaml_of
from ..recipe import Recipe

SHOWN_LINES = 10
METHODS = ("lora", "qlora", "full")
LONGEST = 2048
"""Tokens, where the plan names none; the tool cuts longer rows without a word."""


def export(recipe: Recipe) -> Contents:
    """Return the config, the list of data sets that the tool wants, and the rows.

    Raises:
        UserError: The tool would leave rows out.
    """
    _refuse_other_turns((*recipe.rows, *recipe.validation))
    config = {
        "model_name_or_path": recipe.model,
        **({"model_revision": recipe.revision} if recipe.revision else {}),
        "stage": "sft",
        "do_train": True,
        **_method(recipe),
        "dataset_dir": ".",
        "dataset": "train",
        "cutoff_len": recipe.max_length or LONGEST,
        "mask_history": True,  # only the last message is learnt, as ftadvisor does
        "enable_thinking": False,
        "disable_gradient_checkpointing": not recipe.options.gradient_checkpointing,
        **recipe.shared,
    }
    sets, files = {"train": _described("train")}, {"train.jsonl": _rows(recipe.rows)}
    if recipe.validation:
        config["eval_dataset"] = "validation"
        sets["validation"], files["validation.jsonl"] = _described("validation"), _rows(recipe.validation)
        if recipe.options.patience:
            config["early_stopping_steps"] = recipe.options.patience
    return {"config.yaml": yaml_of(config), "dataset_info.json": lines_of([sets]), **files}


def command(recipe: Recipe) -> str:
    """Return the command; the tool itself starts a process for each GPU."""
    return "llamafactory-cli train config.yaml"


def _method(recipe: Recipe) -> dict[str, object]:
    found: dict[str, object] = {"finetuning_type": "full" if recipe.method == "full" else "lora"}
    if recipe.quantisation != "none":
        found |= {"quantization_bit": 4 if recipe.quantisation == "nf4" else 8, "quantization_method": "bnb"}
    if lora_method(recipe):
        found |= {
            "lora_rank": recipe.own["rank"],
            "lora_alpha": recipe.alpha,
            "lora_dropout": recipe.own["dropout"],
            "lora_target": ",".join(recipe.own["targets"]) or "all",
            "use_rslora": recipe.own["rslora"],
            "use_dora": recipe.own["dora"],
        }
    return found


def _described(name: str) -> dict[str, object]:
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    return {
        "file_name": f"{name}.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {**tags, "system_tag": "system"},
    }


def _refuse_other_turns(rows: Sequence[Conversation]) -> None:
    """Refuse rows that the tool takes for broken (``data/converter.py``) and skips with a mere line in its log."""
    lines = []
    for row in rows:
        roles = [turn["role"] for turn in row.turns]
        asked = roles[1:] if roles[0] == "system" else roles
        if asked != ["user", "assistant"] * (len(asked) // 2):
            lines.append(str(row.line))
    if lines:
        shown = ", ".join(lines[:SHOWN_LINES]) + (", ..." if len(lines) > SHOWN_LINES else "")
        raise UserError(say("exports.other_turns", count=len(lines), lines=shown), say("exports.other_turns_hint"))


def _rows(rows: Sequence[Conversation]) -> str:
    return lines_of([{"messages": row.turns} for row in rows])

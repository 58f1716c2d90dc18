"""Axolotl: ``axolotl train config.yaml``.

Source: axolotl 0.19.0, ``utils/schemas/*.py``: names and types of settings.
"""

from collections.abc import Sequence

from ..data import Conversation
from ..export_run import Contents, lines_of, lora_method, yaml_of
from ..recipe import Recipe

METHODS = ("lora", "qlora", "full")
LONGEST = 2048
"""Tokens, where the plan names none; a longer row stops the tool."""


def export(recipe: Recipe) -> Contents:
    """Return the config and the rows, in which each turn says whether it is learnt."""
    options, shared = recipe.options, recipe.shared
    config = {
        "base_model": recipe.model,
        **({"revision_of_model": recipe.revision} if recipe.revision else {}),
        **_method(recipe),
        "datasets": [_described("train")],
        "sequence_len": recipe.max_length or LONGEST,
        "excess_length_strategy": "raise",
        "sample_packing": False,
        "train_on_inputs": False,
        "micro_batch_size": options.batch_size,
        "gradient_accumulation_steps": options.accumulation,
        "num_epochs": options.epochs,
        "optimizer": shared["optim"],
        "lr_scheduler": "cosine",
        "gradient_checkpointing": options.gradient_checkpointing,
        **{name: shared[name] for name in ("learning_rate", "warmup_steps", "weight_decay", "max_grad_norm")},
        # with bf16 the weights are, too, and trained ones must not be; tf32 computes as fast as that allows
        **({"bf16": False, "tf32": recipe.half} if recipe.wide else {"bf16": True}),
        **{name: shared[name] for name in ("logging_steps", "save_steps", "save_total_limit", "seed", "output_dir")},
    }
    files = {"train.jsonl": _rows(recipe.rows)}
    if recipe.validation:
        config |= {"test_datasets": [_described("validation")], "eval_batch_size": options.evaluation_batch_size}
        config |= {name: shared[name] for name in ("eval_steps", "load_best_model_at_end", "metric_for_best_model")}
        files["validation.jsonl"] = _rows(recipe.validation)
        if options.patience:
            config["early_stopping_patience"] = options.patience
    return {"config.yaml": yaml_of(config), **files}


def command(recipe: Recipe) -> str:
    """Return the command; the tool itself starts a process for each GPU."""
    return "axolotl train config.yaml"


def _method(recipe: Recipe) -> dict[str, object]:
    found: dict[str, object] = {}
    if recipe.quantisation != "none":
        found["load_in_4bit" if recipe.quantisation == "nf4" else "load_in_8bit"] = True
    if lora_method(recipe):
        found |= {
            "adapter": "qlora" if recipe.quantisation == "nf4" else "lora",
            "lora_r": recipe.own["rank"],
            "lora_alpha": recipe.alpha,
            "lora_dropout": recipe.own["dropout"],
            "peft_use_rslora": recipe.own["rslora"],
            "peft_use_dora": recipe.own["dora"],
        }
        targets = list(recipe.own["targets"])
        found |= {"lora_target_modules": targets} if targets else {"lora_target_linear": True}
    return found


def _described(name: str) -> dict[str, object]:
    return {
        "path": f"{name}.jsonl",
        "ds_type": "json",
        "split": "train",
        "type": "chat_template",
        "field_messages": "messages",
        "message_field_training": "training",
        "roles_to_train": [],
        "train_on_eos": "turn",
    }


def _rows(rows: Sequence[Conversation]) -> str:
    return lines_of([{"messages": _marked(row)} for row in rows])


def _marked(row: Conversation) -> list[dict[str, object]]:
    last = len(row.turns) - 1
    return [{**turn, "training": place == last} for place, turn in enumerate(row.turns)]

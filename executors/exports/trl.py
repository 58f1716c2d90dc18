"""TRL: ``python train.py --config config.yaml``, or the same under ``accelerate launch``.

Source: trl 1.16.0, ``trainer/sft_config.py``, ``trainer/model_config.py``, ``scripts/utils.py`` (``TrlParser``).
"""

from collections.abc import Sequence

from ..data import Conversation
from ..export_run import Contents, lines_of, lora_method, yaml_of
from ..launch import launch_file
from ..recipe import Recipe

METHODS = ("lora", "qlora", "full")
DDP, FSDP = "accelerate.ddp.yaml", "accelerate.fsdp2.yaml"

SCRIPT = '''"""Fine-tune a language model on the rows beside this file; written by ftadvisor for TRL."""

from dataclasses import dataclass

from datasets import load_dataset
from transformers import EarlyStoppingCallback
from trl import ModelConfig, SFTConfig, SFTTrainer, TrlParser, get_peft_config, get_quantization_config


@dataclass
class Rows:
    """Name the files, and when to stop early."""

    train_file: str
    validation_file: str = ""
    patience: int = 0


def main() -> None:
    """Train as the config says, and save the best state."""
    rows, settings, model = TrlParser((Rows, SFTConfig, ModelConfig)).parse_args_and_config()
    files = {"train": rows.train_file} | ({"validation": rows.validation_file} if rows.validation_file else {})
    found = load_dataset("json", data_files=files)
    quantised = get_quantization_config(model)
    settings.model_init_kwargs = {"revision": model.model_revision, "dtype": model.dtype}
    if quantised is not None:
        settings.model_init_kwargs["quantization_config"] = quantised
    trainer = SFTTrainer(
        model=model.model_name_or_path,
        args=settings,
        train_dataset=found["train"],
        eval_dataset=found.get("validation"),
        peft_config=get_peft_config(model),
        callbacks=[EarlyStoppingCallback(rows.patience)] if rows.patience and rows.validation_file else None,
    )
    trainer.train()
    trainer.save_model(settings.output_dir)


if __name__ == "__main__":
    main()
'''


def export(recipe: Recipe) -> Contents:
    """Return the script, its config, and the rows as prompt and completion, of which only the latter is learnt."""
    config = {
        "train_file": "train.jsonl",
        "model_name_or_path": recipe.model,
        **({"model_revision": recipe.revision} if recipe.revision else {}),
        "dtype": "float32" if recipe.wide else "bfloat16",
        **_method(recipe),
        "max_length": recipe.max_length,
        "completion_only_loss": True,
        "packing": False,
        "gradient_checkpointing": recipe.options.gradient_checkpointing,
        **recipe.shared,
    }
    files = {"train.jsonl": _rows(recipe.rows)}
    if recipe.validation:
        config |= {"validation_file": "validation.jsonl", "patience": recipe.options.patience}
        files["validation.jsonl"] = _rows(recipe.validation)
    return {"train.py": SCRIPT, "config.yaml": yaml_of(config), **files, **_launch_files(recipe)}


def command(recipe: Recipe) -> str:
    """Return the command, for several processes with the launch file of accelerate."""
    start = f"accelerate launch --config_file {DDP}" if recipe.options.processes > 1 else "python"
    return f"{start} train.py --config config.yaml"


def _launch_files(recipe: Recipe) -> Contents:
    """Return accelerate's files for several processes: each with the whole model, and sharing it by FSDP2."""
    count, half = recipe.options.processes, recipe.half
    if count == 1:
        return {}
    kinds = ((DDP, False), (FSDP, True))
    return {name: launch_file(count, on_gpus=True, sharded=sharded, half=half) for name, sharded in kinds}


def _method(recipe: Recipe) -> dict[str, object]:
    found: dict[str, object] = {}
    if recipe.quantisation == "nf4":
        found |= {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "use_bnb_nested_quant": True}
    elif recipe.quantisation == "int8":
        found["load_in_8bit"] = True
    if lora_method(recipe):
        found |= {
            "use_peft": True,
            "lora_r": recipe.own["rank"],
            "lora_alpha": recipe.alpha,
            "lora_dropout": recipe.own["dropout"],
            "lora_target_modules": list(recipe.own["targets"]) or ["all-linear"],
            "use_rslora": recipe.own["rslora"],
            "use_dora": recipe.own["dora"],
        }
    return found


def _rows(rows: Sequence[Conversation]) -> str:
    return lines_of([{"prompt": row.turns[:-1], "completion": row.turns[-1:]} for row in rows])

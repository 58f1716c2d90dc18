"""Say in a README beside what training made what it is, and how ftadvisor and other tools load it."""

# ruff: noqa: ANN401 - models with and without adapters

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from ..knowledge.messages import say
from .heads import HEAD_KINDS, has_head
from .models import is_on_hub
from .plan import ModelSource
from .pooling import POOLING
from .report.names import method_name
from .task import task_class
from .vocabulary import NEW

README = "README.md"
LEARNT = "learnt"
SHOWN = 20
"""Most names of classes that are listed."""

OURS = ("adapter",)
"""Methods whose adapters no other tool reads."""

CLASSES = "sequence_classification"
OURS_ALONE = """\
import json
from pathlib import Path
from ftadvisor.executors.adapters import adapted_tokenizer, load_adapted
from ftadvisor.executors.plan import ModelSource
FOLDER = Path(".")  # {folder}
base = ModelSource(**json.loads((FOLDER / "ftadvisor.json").read_bytes())["model"])
tokenizer = adapted_tokenizer(base, FOLDER)
model = load_adapted(base, FOLDER).eval()
"""
ASKED = """\
import json
with open(f"{{FOLDER}}/ftadvisor.json", encoding="utf-8") as about:
    classes = list(json.load(about)["known"]["classes"])
scores = model(**tokenizer("{text}", return_tensors="pt")).logits[0]
print({decision})
"""
LIKELIEST = "classes[scores.argmax()]"
LIKELY = "[name for name, score in zip(classes, scores) if score > 0]"


def readme(
    model: Any, base: ModelSource, method: str, about: Mapping[str, Any], whole: bool, own_tokenizer: bool
) -> str:
    """Return the README of a result, in the language that is spoken.

    Args:
        model: As it was trained, with or without an adapter.
        base: What it was trained on.
        method: How.
        about: What the result says of its task.
        whole: Whether the result is a whole model.
        own_tokenizer: Whether the tokenizer lies beside it.
    """
    task = str(about.get("task", "causal_lm"))
    parts = [
        _front(base, method, hasattr(model, "peft_config")),
        f"# {say('result.title', method=method_name(method), base=base.source)}",
        "\n".join(_facts(base, method, task, about)),
        f"## {say('result.with_us')}",
        f"```\nftadvisor evaluate TEST.jsonl --adapter {say('result.this_folder')}\n```",
        f"## {say('result.with_others')}",
        *_with_others(model, base, method, task, about, whole, own_tokenizer),
        *(_asked(about["known"]["several"]) if task == CLASSES and "several" in about.get("known", {}) else ()),
    ]
    return "\n\n".join(parts) + "\n"


def learnt(history: Sequence[Mapping[str, Any]], rows: int) -> dict[str, JsonValue]:
    """Return what a result says of its training: how many rows, and the lowest loss on others; None without any.

    Args:
        history: Trainer's log.
        rows: How many were learnt.
    """
    losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    return {LEARNT: {"rows": rows, "validation_loss": min(losses, default=None)}}


def _front(base: ModelSource, method: str, adapter: bool) -> str:
    """Return what hubs read of a README."""
    lines = [f"base_model: {base.source}"] if is_on_hub(base.source) else []
    lines += [f"library_name: {'peft' if adapter else 'transformers'}", f"tags: [ftadvisor, {method}]"]
    return "\n".join(["---", *lines, "---"])


def _facts(base: ModelSource, method: str, task: str, about: Mapping[str, Any]) -> list[str]:
    known, told, new = about.get("known", {}), about.get(LEARNT, {}), about.get(NEW, {})
    revision = f" ({base.revision})" if base.revision else ""
    rounded = f", {base.quantisation}" if base.quantisation != "none" else ""
    facts = {
        "base": f"`{base.source}`{revision}{rounded}",
        "method": say("advice.with_variant", path=method_name(method), variant=f"`{method}`"),
        "task": say("advice.with_variant", path=say(f"training.task.{task}"), variant=f"`{task}`"),
    }
    if told:
        facts["rows"] = f"{told['rows']:,}"
    if told.get("validation_loss") is not None:
        facts["validation_loss"] = f"{told['validation_loss']:.4f}"
    for name in ("classes", "tags"):
        if names := list(known.get(name, {})):
            facts["classes"] = listed_names(names)
    if new:
        facts["new_words"] = ", ".join(new["words"])
    return [f"* {say(f'result.{name}', value=value)}" for name, value in facts.items()]


def listed_names(names: Sequence[str]) -> str:
    """Return the names of classes, or of many the first ones and how many there are."""
    return ", ".join(names[:SHOWN]) + (f", ... ({len(names)})" if len(names) > SHOWN else "")


def _with_others(
    model: Any,
    base: ModelSource,
    method: str,
    task: str,
    about: Mapping[str, Any],
    whole: bool,
    own_tokenizer: bool,
) -> list[str]:
    """Return how transformers and PEFT load the result, or that they cannot."""
    prompt = any(config.is_prompt_learning for config in getattr(model, "peft_config", {}).values())
    if method in OURS or getattr(model.config, POOLING, None) or (prompt and has_head(model)):
        return [say("result.only_us"), f"```python\n{OURS_ALONE.format(folder=say('result.this_folder'))}```"]
    auto = task_class(task).AUTO
    labels = f", num_labels={model.config.num_labels}" if auto in HEAD_KINDS and not whole else ""
    rounding = f", quantization_config={_rounding(base)}" if base.quantisation != "none" else ""
    place = "FOLDER" if whole else "BASE"
    code = [
        f"from transformers import {auto}, AutoTokenizer" + (", BitsAndBytesConfig" if rounding else ""),
        'FOLDER = "."  # ' + say("result.this_folder"),
        *([] if whole else [f'BASE = "{base.source if is_on_hub(base.source) else model.name_or_path}"']),
        f"tokenizer = AutoTokenizer.from_pretrained({'FOLDER' if own_tokenizer else 'BASE'})",
        f"model = {auto}.from_pretrained({place}{labels}{rounding})",
    ]
    if about.get(NEW):
        code += [
            "rows = model.get_input_embeddings().weight.shape[0]",
            "model.resize_token_embeddings(max(rows, len(tokenizer)))  # " + say("result.new_rows"),
        ]
    if hasattr(model, "peft_config"):
        code += ["from peft import PeftModel", "model = PeftModel.from_pretrained(model, FOLDER)"]
    elif not whole:
        code += [
            "from safetensors.torch import load_file",
            'model.load_state_dict(load_file(f"{FOLDER}/trained.safetensors"), strict=False)',
        ]
    return ["\n".join(["```python", *code, "```"])]


def _asked(several: bool) -> list[str]:
    """Return how the loaded model is asked for the class or classes of a text."""
    code = ASKED.format(text=say("result.a_text"), decision=LIKELY if several else LIKELIEST)
    return [f"## {say('result.ask')}", f"```python\n{code}```"]


def _rounding(base: ModelSource) -> str:
    if base.quantisation == "int8":
        return "BitsAndBytesConfig(load_in_8bit=True)"
    return 'BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)'

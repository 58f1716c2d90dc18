"""Estimate published measurements: one CSV row in, one answer out, or the reason why there is none."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...knowledge.errors import UserError
from ...knowledge.load import load
from ...knowledge.messages import say
from ...knowledge.stack import Stack
from .estimate import estimate
from .model_config import config_of
from .request import EstimateRequest
from .unsupported import UnsupportedError

Row = Mapping[str, str]

COLUMNS = ("source", "model", "method", "quant", "rank", "batch", "seq", "grad_ckpt", "optimizer", "dtype", "notes")
METHODS = {
    "full": "full",
    "full-finetuning": "full",
    "lora": "lora",
    "qlora": "qlora",
    "ia3": "ia3",
    "prefixtuning": "p_tuning_v2",
    "prompt_tuning": "prompt_tuning",
}
QUANTS = {
    "": "none",
    "none": "none",
    "nf4": "nf4",
    "nf4-dq(bnb)": "nf4-dq",
    "bnb.nf4": "nf4",
    "bnb.nf4-dq": "nf4-dq",
}
DTYPES = {"bfloat16": "bf16", "bf16": "bf16", "bf16-true": "bf16", "float16": "fp16", "float32": "fp32"}
OPTIMIZERS = {"adamw_torch(foreach)": "adamw_torch", "AdamW(torch default foreach)": "adamw_torch"}
ATTENTIONS = {"flash_attention_2": "flash", "sdpa": "sdpa", "sdpa(default)": "sdpa", "eager": "eager"}
FMS, PEFT = "fms-acceleration", "huggingface/peft method_comparison"
PEFT_TARGETS = ("q_proj", "v_proj")
"""Source: peft ``utils/constants.py``, default of Llama."""
FMS_LORA_DROPOUT = 0.1
"""Source: fms-acceleration ``scripts/benchmarks/scenarios.yaml``, ``lora_dropout``."""


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a CSV file.

    Raises:
        UserError: The file is missing or lacks columns.
    """
    if not path.is_file():
        raise UserError(say("estimate.no_rows_file", path=path))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise UserError(say("estimate.bad_rows", path=path, columns=", ".join(missing)))
        yield from rows


def answer_row(row: Row) -> dict[str, Any]:
    """Return the estimate of a row as JSON, or ``{"unsupported": why}``."""
    try:
        answer = estimate(request_of_row(row))
        trained = _found(r"; trainable=(\d+)", row["notes"])
        if trained is not None and int(trained) != answer.trainable_parameters:
            raise UnsupportedError(say("estimate.row.variant", value=trained))
        return answer.model_dump(mode="json")
    except UserError as problem:
        return {"unsupported": problem.message.removeprefix("unsupported: ")}
    except ValidationError as problem:
        return {"unsupported": "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in problem.errors())}


def request_of_row(row: Row) -> EstimateRequest:
    """Return the question that a row asks.

    Raises:
        UserError: The row names something that cannot be estimated honestly.
    """
    notes = row["notes"]
    _refuse_the_unknown(row)
    model, config = config_of(row["model"])
    gpus = int(_found(r"num_gpus=(\d+)", notes) or 1)
    values: dict[str, Any] = {
        "config": config,
        "model": model,
        "method": METHODS[row["method"]],
        "quant": QUANTS[row["quant"]],
        "batch": row["batch"],
        "seq_len": _longest(row["seq"], config),
        "grad_checkpointing": row["grad_ckpt"] == "True",
        "optimizer": OPTIMIZERS.get(row["optimizer"], "adamw_torch"),
        "dtype": DTYPES[row["dtype"]],
        "attention": ATTENTIONS[row["attention"]],
        "stack": _stack(notes),
        "amp": _found(r"amp=(\w+)", notes) in {"bf16", "fp16"},
        "gpus": gpus,
        "parallel": "fsdp" if "FSDP" in notes else "none",
        "kbit_prepare": "prepare_model_for_kbit_training" in notes,
        "outer_dtype": "bf16" if "embed/lm_head bf16" in notes else "",
        "dropout": FMS_LORA_DROPOUT if FMS in row["source"] and row["method"] != "full" else 0.0,
    }
    if row["rank"]:
        values["rank"] = row["rank"].split()[0]
    if targets := _found(r"targets=([\w ]+)", notes):
        values["targets"] = tuple(targets.split())
    elif PEFT in row["source"] and row["method"] == "lora":
        values["targets"] = PEFT_TARGETS
    if trained := _found(r"; trainable=(\d+)", notes):
        values |= _virtual_tokens(values, int(trained))
    return EstimateRequest.model_validate(values)


def _virtual_tokens(values: Mapping[str, Any], trained: int) -> dict[str, int]:
    """Return the soft prompt's length, which is told by the number of trained parameters."""
    if values["method"] not in {"prompt_tuning", "p_tuning_v2"}:
        return {}
    one = EstimateRequest.model_validate({**values, "virtual_tokens": 1})
    return {"virtual_tokens": max(1, trained // estimate(one).trainable_parameters)}


def _refuse_the_unknown(row: Row) -> None:
    notes = row["notes"]
    reasons = (
        ("fused", "foak" in notes or "liger" in notes),
        ("source", FMS not in row["source"] and PEFT not in row["source"]),
        ("method", row["method"] not in METHODS),
        ("quantisation", row["quant"] not in QUANTS),
        ("dtype", row["dtype"] not in DTYPES),
        ("attention", row["attention"] not in ATTENTIONS),
    )
    for name, refused in reasons:
        if refused:
            value = row.get(name, row["quant"] if name == "quantisation" else "")
            raise UnsupportedError(say(f"estimate.row.{name}", value=value))


def _found(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text)
    return match.group(1) if match else None


def _longest(words: str, config: Mapping[str, Any]) -> str | int:
    """Return the longest sequence; learned positions (``n_positions``) end where they end, however long rows may be."""
    length = _found(r"(\d+)", words)
    return min(int(length), int(config.get("n_positions", length))) if length else words


def _stack(notes: str) -> str:
    """Return the stack whose range of transformers versions holds the one that the notes name."""
    version = _found(r"transformers(\d+\.\d+)", notes)
    if version is None:
        return "current"
    stacks: Mapping[str, Stack] = load(Stack)
    for stack in stacks.values():
        if _numbers(stack.transformers_from) <= _numbers(version) < _numbers(stack.transformers_below):
            return stack.id
    raise UnsupportedError(say("estimate.row.stack", value=version))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))

"""The combined path as a plan, on documents and rows that it has never seen, with a tiny real model."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main

ITEMS = ["shoe", "coat", "lamp", "book", "ring", "vase"]
PLAN = """\
version: 1
title: any documents
language: en
label: rag+finetune:lora
seed: 17
knowledge: 0.1.0
model: {source: MODEL}
prompt: {instruction: Answer from the passages.}
steps:
  - {kind: build_index, sources: [docs], output: index}
  - {kind: build_examples, train: train.jsonl, index: index, top_k: 2, oracle_rate: 0.75, output: examples}
  - {kind: train, name: combined, train: examples/train.jsonl, epochs: 1, output: adapters/combined}
  - {kind: train, name: closed, train: train.jsonl, epochs: 1, output: adapters/closed}
  - kind: evaluate
    test: test.jsonl
    arms: [base, rag, finetuned, combined, shuffled]
    index: index
    finetuned: adapters/closed
    combined: adapters/combined
    fields: [{name: days, pattern: '[0-9]+'}]
    max_new_tokens: 4
"""


def row(number: int) -> dict[str, Any]:
    item, days = ITEMS[number % 6], number % 6 + 3
    return {
        "id": f"r{number}",
        "question": f"Until when can the {item} come back? ({number})",
        "answer": f"{days} days",
        "quote": f"within {days} days",
        "expected": {"days": str(days)},
    }


def test_plan_runs_on_any_documents(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss", reason="needs the rag extra")
    (tmp_path / "docs").mkdir()
    for number, item in enumerate(ITEMS):
        text = f"The {item} may come back to us within {number + 3} days if it is unused."
        (tmp_path / "docs" / f"{item}.txt").write_text(text)
    for name, numbers in (("train", range(8)), ("test", range(8, 12))):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(row(number)) for number in numbers))
    shutil.copytree(tiny_model, tmp_path / "model")
    (tmp_path / "plan.yaml").write_text(PLAN.replace("MODEL", "model"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # what the plan names starts in its own folder
    assert main(["--quiet", "run", "../plan.yaml"]) == 0

    (found,) = tmp_path.rglob("examples/train.jsonl")
    examples = [json.loads(line) for line in found.read_text().splitlines()]
    assert sum(any(passage["oracle"] for passage in example["passages"]) for example in examples) == 6
    assert all("<passage>" in example["messages"][1]["content"] for example in examples)

    (found,) = tmp_path.rglob("steps/5-evaluate.json")
    result = json.loads(found.read_text())["result"]
    assert set(result["arms"]) == {"base", "rag", "finetuned", "combined", "shuffled"}
    assert set(result["differences"]) == {"base", "rag", "finetuned", "shuffled"}
    assert result["retrieval"]["recall"]["1"] == 1.0
    assert result["retrieval"]["top_k"] == 2  # as in training
    (found,) = tmp_path.rglob("answers.jsonl")
    records = [json.loads(line) for line in found.read_text().splitlines()]
    assert [record["id"] for record in records] == ["r8", "r9", "r10", "r11"]
    assert all(len(record["passages"]) == 2 and set(record["answers"]) == set(result["arms"]) for record in records)

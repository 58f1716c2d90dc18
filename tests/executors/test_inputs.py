import json
from pathlib import Path

import pytest
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.run_folder import create_run
from ftadvisor.knowledge.errors import UserError

PLAN = """\
version: 1
title: a run
language: en
label: rag+finetune:lora
seed: 17
knowledge: 0.1.0
model: {source: 'builtin:tiny'}
prompt: {instruction: Answer.}
steps:
  - {kind: build_index, sources: [policies, 'builtin:returns/policies'], output: index}
  - {kind: build_examples, train: rows.jsonl, index: index, output: examples}
  - {kind: train, name: a, train: examples/train.jsonl, output: adapters/a}
  - {kind: evaluate, test: test.jsonl, arms: [rag, combined], index: index, combined: adapters/b}
"""


def test_files_that_no_step_makes_must_be_there_before_the_first_step(tmp_path: Path, english: None) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    (tmp_path / "policies").mkdir()
    with pytest.raises(UserError) as error:
        create_run(read_plan(path), path, tmp_path / "runs")
    assert error.value.message.splitlines()[1:] == [
        f"step 2 (build_examples), train: {tmp_path / 'rows.jsonl'}",
        f"step 4 (evaluate), test: {tmp_path / 'test.jsonl'}",
        f"step 4 (evaluate), combined: {tmp_path / 'adapters' / 'b'}",
    ]
    assert not (tmp_path / "runs").exists()
    for name in ("rows.jsonl", "test.jsonl", "adapters/b/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"question": f"What of {name}?", "answer": "No."}), encoding="utf-8")
    assert create_run(read_plan(path), path, tmp_path / "runs").status().step == 1

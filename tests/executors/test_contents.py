"""Wrong rows, and test rows that training has seen, are told before a run's first step."""

import json
from pathlib import Path

import pytest
from ftadvisor.executors.plan_file import read_plan
from ftadvisor.executors.run import execute_run
from ftadvisor.executors.run_folder import create_run
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent

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
  - {kind: build_index, sources: [policy.md], output: index}
  - {kind: build_examples, train: rows.jsonl, validation: more.jsonl, index: index, output: examples}
  - {kind: train, name: a, train: examples/train.jsonl, output: adapters/a}
  - {kind: train, name: b, train: chat.jsonl, output: adapters/b}
  - kind: evaluate
    test: test.jsonl
    arms: [rag, combined]
    index: index
    combined: adapters/a
    fields: [{name: days, values: [seven, two]}]
"""

pytestmark = pytest.mark.usefixtures("english")


def row(question: str, **more: object) -> dict[str, object]:
    return {"question": question, "answer": "Seven days.", "expected": {"days": "seven"}, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "policy.md").write_text("# Returns\n\nGoods go back within seven days.\n", encoding="utf-8")
    write(tmp_path / "rows.jsonl", row("How long may I wait before I send a jacket back?"))
    write(tmp_path / "more.jsonl", row("Until when do you take shoes?"))
    chat = [{"role": "user", "content": "And what about my hat?"}, {"role": "assistant", "content": "Seven days."}]
    write(tmp_path / "chat.jsonl", {"messages": chat})
    write(tmp_path / "test.jsonl", row("Is there a limit for gloves?"))
    return tmp_path


def write(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")


def refused(folder: Path) -> str:
    with pytest.raises(UserError) as error:
        create_run(read_plan(folder / "plan.yaml"), folder / "plan.yaml", folder / "runs")
    assert not (folder / "runs").exists()
    return error.value.message


def warned(folder: Path) -> list[str]:
    warnings: list[str] = []
    create_run(read_plan(folder / "plan.yaml"), folder / "plan.yaml", folder / "runs", warnings.append)
    return warnings


def test_wrong_rows_of_all_files_are_told_before_the_first_step(folder: Path) -> None:
    (folder / "more.jsonl").write_text("{oops\n", encoding="utf-8")
    write(folder / "chat.jsonl", {"messages": [{"role": "user", "content": "Hat?"}]})
    write(folder / "test.jsonl", row("Gloves?"), row("Hats?", expected={}), row("Shoes?", expected={"days": "nine"}))
    told = refused(folder)
    for name in ("more.jsonl has 1", "chat.jsonl has 1", "test.jsonl has 2", "on lines 2", "'nine'", "on line 3"):
        assert name in told


def test_a_test_row_that_is_a_training_row_is_refused_with_both_lines(folder: Path) -> None:
    write(folder / "test.jsonl", row("Is there a limit for gloves?"), row("and what about MY hat"))
    told = refused(folder)
    assert "1 of 2 questions" in told
    assert "chat.jsonl" in told
    assert "2=1" in told


def test_a_test_row_that_nearly_repeats_a_training_row_is_told_and_the_run_can_go_on(folder: Path) -> None:
    write(folder / "test.jsonl", row("How long may I wait before I send a racket back?"))
    (told,) = warned(folder)
    assert "rows.jsonl" in told
    assert "1=1" in told


def test_a_test_row_that_is_a_validation_row_is_told(folder: Path) -> None:
    write(folder / "test.jsonl", row("Until when do you take shoes?"))
    (told,) = warned(folder)
    assert "more.jsonl" in told


def test_different_rows_need_no_word(folder: Path) -> None:
    assert warned(folder) == []


def test_a_quote_of_a_test_row_is_looked_up_before_anything_is_trained(folder: Path) -> None:
    write(folder / "test.jsonl", row("Is there a limit for gloves?", quote="Gloves can never go back."))
    path = folder / "plan.yaml"
    run = create_run(read_plan(path), path, folder / "runs")
    with pytest.raises(UserError, match=r"(?s)test\.jsonl.*line 1.*Gloves can never go back"):
        execute_run(run, silent, lambda number, count, title: None)
    assert run.status().step == 1


def test_rows_of_two_kinds_in_one_comparison_are_refused(folder: Path) -> None:
    write(folder / "examples.jsonl", {"text": "May I return a scarf?", "label": "yes"})
    shown = PLAN.replace("arms: [rag, combined]", "arms: [rag, few_shot]\n    train: examples.jsonl")
    (folder / "plan.yaml").write_text(shown, encoding="utf-8")
    told = refused(folder)
    assert "test.jsonl are question + answer" in told
    assert "examples.jsonl are text + label" in told

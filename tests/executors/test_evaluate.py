from pathlib import Path

import pytest
from ftadvisor.executors.arms import Arm, main_arm, make_arm, strangers
from ftadvisor.executors.data import Row
from ftadvisor.executors.evaluate import Answering, answer_arms, compare, drawn, retrieval_recall
from ftadvisor.executors.metrics import FieldOptions
from ftadvisor.executors.plan import ModelSource
from ftadvisor.executors.prompt import Example, Prompt
from ftadvisor.executors.steps.evaluate import Options, check_expected
from ftadvisor.knowledge.errors import UserError
from ftadvisor.knowledge.progress import silent
from ftadvisor.rag.records import Hit
from pydantic import ValidationError

PROMPT = Prompt(instruction="Be brief.", examples=(Example(question="eq", answer="ea"),))
ROWS = [Row(line=n + 1, id=str(n), question=f"q{n}", answer=f"a{n}", expected={"x": "ab"[n % 2]}) for n in range(4)]
FIELD = FieldOptions(name="x", values=("a", "b"))


def hit(document: str) -> Hit:
    return Hit(document, 0, 0, 1, 1.0, f"text of {document}")


PASSAGES = [[hit("d0"), hit("d1")], [hit("d1"), hit("d2")], [hit("d3"), hit("d4")], [hit("d5"), hit("d0")]]


def prompts(name: str) -> list[list[dict[str, str]]]:
    return make_arm(name, ROWS, PROMPT, PASSAGES, None, seed=17).prompts


def test_each_arm_sees_what_it_is_about() -> None:
    texts = [[passage.text for passage in passages] for passages in PASSAGES]
    served = [PROMPT.messages(row.question, shown) for row, shown in zip(ROWS, texts, strict=True)]
    assert prompts("base") == [[{"role": "user", "content": row.question}] for row in ROWS]
    assert prompts("prompting") == [PROMPT.messages(row.question, few_shot=True) for row in ROWS]
    assert prompts("finetuned") == [PROMPT.messages(row.question) for row in ROWS]
    assert prompts("combined") == served
    shown = [PROMPT.messages(row.question, seen, few_shot=True) for row, seen in zip(ROWS, texts, strict=True)]
    assert prompts("rag") == shown
    assert sorted(map(str, prompts("shuffled"))) != sorted(map(str, served))


def test_shuffled_arm_sees_no_passage_of_its_own() -> None:
    for own, other in zip(PASSAGES, strangers(ROWS, PASSAGES, seed=17), strict=True):
        assert not {hit.document for hit in own} & {hit.document for hit in other}


def test_shuffled_arm_sees_no_translation_of_its_passages() -> None:
    questions = ["颜色?", "大小?", "colour?", "size?"]
    rows = [row.model_copy(update={"question": text}) for row, text in zip(ROWS, questions, strict=True)]
    passages = [[hit("colour.zh")], [hit("size.zh")], [hit("colour.en")], [hit("size.en")]]
    expected = [passages[other] for other in (1, 0, 3, 2)]
    assert all(strangers(rows, passages, seed) == expected for seed in range(20))


@pytest.mark.parametrize(
    ("label", "compared", "arm"),
    [
        ("rag+finetune:lora", ["base", "rag", "combined", "shuffled"], "combined"),
        ("rag+finetune:lora", ["base", "rag"], "rag"),
        ("finetune:qlora", ["base", "prompting", "finetuned"], "finetuned"),
        ("rag", ["base", "prompting", "rag"], "rag"),
        ("prompting:few_shot", ["base", "prompting"], "prompting"),
        ("classifier:setfit", ["base", "prompting"], "prompting"),
        ("rag", [], None),
    ],
)
def test_the_others_are_compared_with_the_arm_that_the_plan_is_about(
    label: str, compared: list[str], arm: str | None
) -> None:
    assert main_arm(label, compared) == arm


def test_comparison_by_hand() -> None:
    answerings = {"base": Answering(["b", "b", "b", "?"], 1.0), "combined": Answering(["a", "b", "a", "a"], 2.0)}
    found = compare(ROWS, answerings, "(?P<x>[ab])", [FIELD], "combined", seed=1)
    assert found["arms"]["base"]["x"]["value"] == 0.25
    assert found["arms"]["combined"]["x"]["value"] == 0.75
    assert found["arms"]["base"]["format"]["value"] == 0.75
    assert found["differences"]["base"]["x"]["value"] == 0.5
    assert set(found["differences"]) == {"base"}
    assert found["confusion"]["base"] == {
        "x": {"a": {"a": 0, "b": 2, "-": 0}, "b": {"a": 0, "b": 1, "-": 1}},
    }
    assert found["seconds"] == {"base": 1.0, "combined": 2.0}


def test_rows_with_one_quote_are_drawn_together() -> None:
    rows = [ROWS[0].model_copy(update={"id": str(n), "quote": f"clause {n // 8}"}) for n in range(80)]
    right = ["a"] * 40 + ["b"] * 40
    answerings = {"rag": Answering(right, 1.0), "base": Answering(["b"] * 80, 1.0)}
    found = compare(rows, answerings, None, [FIELD], "rag", seed=1)
    alone = compare([row.model_copy(update={"quote": None}) for row in rows], answerings, None, [FIELD], "rag", seed=1)
    for each in (found["differences"]["base"]["x"], found["arms"]["rag"]["x"]):
        assert each["high"] - each["low"] > 0.5
    assert alone["differences"]["base"]["x"]["high"] - alone["differences"]["base"]["x"]["low"] < 0.25


def test_without_fields_answers_are_compared_as_texts() -> None:
    found = compare(ROWS, {"rag": Answering(["a0", "a1", "x", "x"], 1.0)}, None, [], "rag", seed=1)
    assert found["arms"]["rag"]["exact"]["value"] == 0.5
    assert found["differences"] == {}


def test_recall_by_hand() -> None:
    oracles = [[hit("d1")], [hit("d1")], [], [hit("d9")]]
    assert retrieval_recall(PASSAGES, oracles) == {"recall": {"1": 1 / 3, "2": 2 / 3}, "rows": 3}
    assert retrieval_recall([], []) == {"recall": {}, "rows": 0}


def test_finished_arms_are_not_answered_again(tiny_model: Path, tmp_path: Path) -> None:
    base = ModelSource(source=str(tiny_model))
    arms = [Arm("rag", prompts("rag"), None), Arm("base", prompts("base"), None)]
    first = answer_arms(arms, base, 4, 2, tmp_path, silent)
    assert list(first) == ["rag", "base"]
    labels: list[str] = []
    (tmp_path / "base.jsonl").unlink()
    again = answer_arms(arms, base, 4, 2, tmp_path, lambda label, *_: labels.append(label))
    assert {name: each.answers for name, each in again.items()} == {n: each.answers for n, each in first.items()}
    assert again["rag"].seconds == first["rag"].seconds
    assert len(set(labels)) == 1


def test_arms_that_were_asked_something_else_are_answered_again(tiny_model: Path, tmp_path: Path) -> None:
    base = ModelSource(source=str(tiny_model))
    answer_arms([Arm("base", prompts("base"), None)], base, 4, 2, tmp_path, silent)
    changed = answer_arms([Arm("base", prompts("base")[:3], None)], base, 4, 2, tmp_path, silent)
    assert len(changed["base"].answers) == 3


def test_drawn_records_are_the_same_for_a_seed() -> None:
    records = [{"id": number} for number in range(20)]
    assert drawn(records, 5, 1) == drawn(records, 5, 1) != drawn(records, 5, 2)
    assert drawn(records, 99, 1) == records


@pytest.mark.parametrize(
    ("arms", "missing"), [(["rag"], "index"), (["finetuned"], "finetuned"), (["shuffled"], "combined")]
)
def test_arms_need_what_they_are_about(arms: list[str], missing: str) -> None:
    given = {"test": "t.jsonl", "arms": arms, "index": None if missing == "index" else "index"}
    with pytest.raises(ValidationError, match=missing):
        Options.model_validate(given)


def test_rows_must_say_what_is_right(english: None) -> None:
    bad = [ROWS[0].model_copy(update={"expected": {}}), ROWS[1].model_copy(update={"expected": {"x": "c"}}), *ROWS[2:]]
    with pytest.raises(UserError) as error:
        check_expected(bad, [FIELD], Path("test.jsonl"))
    assert "lines 1" in error.value.message
    assert "line 2" in error.value.message
    check_expected(ROWS, [FIELD], Path("test.jsonl"))

"""Plans of each kind of prompting: their steps do it, and a small classifier is measured on the same rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.executors.plan import Plan
from ftadvisor.executors.plan_file import read_plan

pytestmark = pytest.mark.usefixtures("english", "folder")

TOPICS = ("card", "cash", "top up")
QUESTION = ["--set", "task_type=generation", "--train", "train.jsonl", "--test", "test.jsonl"]
LABELLED = ["--set", "task_type=classification", "--train", "train.csv", "--test", "test.csv"]
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, count in (("train", 40), ("test", 12)):
        rows = [{"question": f"{name} question {n}", "answer": f"free answer {n}"} for n in range(count)]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        lines = [f"{name} text {n} about {TOPICS[n % 3]},{TOPICS[n % 3]}" for n in range(count)]
        Path(f"{name}.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    Path("docs").mkdir()
    Path("docs/delivery.md").write_text("A card is sent in seven days.\n")


def planned(kind: str, *words: str, model: str = "qwen2.5-0.5b") -> Plan:
    assert main(["plan", "--label", f"prompting:{kind}", "--model", model, *words, "--force"]) == DONE
    return read_plan(Path("plan.yaml"))


def step(plan: Plan, kind: str) -> dict[str, Any]:
    [found] = [step.model_dump() for step in plan.steps if step.kind == kind]
    return found


@pytest.mark.parametrize(
    ("kind", "arms"),
    [
        ("zero_shot", ("base", "zero_shot")),
        ("few_shot", ("base", "zero_shot", "few_shot")),
        ("many_shot", ("base", "zero_shot", "few_shot", "many_shot")),
        ("long_context", ("base", "zero_shot", "long_context")),
        ("constrained", ("base", "zero_shot", "few_shot", "constrained")),
    ],
)
def test_a_plans_steps_do_the_kind_beside_the_simpler_ones(kind: str, arms: tuple[str, ...], capsys: Shown) -> None:
    plan = planned(kind, *QUESTION, "--documents", "docs")
    assert step(plan, "evaluate")["arms"] == arms
    assert plan.prompt.examples == ()  # the step draws them from the rows to learn from
    drawn = "train.jsonl" if kind in ("few_shot", "many_shot", "constrained") else None
    assert step(plan, "evaluate")["train"] == drawn
    assert step(plan, "evaluate")["documents"] == (("docs",) if kind == "long_context" else ())
    told = capsys.readouterr().out
    for done in ("into prompt.examples", "Put these examples", "Put the full text"):
        assert done not in told


def test_the_number_of_examples_comes_with_its_reason() -> None:
    planned("few_shot", *QUESTION)
    text = Path("plan.yaml").read_text()
    assert "shots: 4" in text
    assert "rows that differ" in text
    assert "shuffled" not in text.partition("arms:")[0]  # no reason speaks of what is not compared
    rows = [f"text {n},topic {n % 9}" for n in range(90)]
    Path("train.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    assert step(planned("few_shot", *LABELLED), "evaluate")["shots"] == 9
    assert "one example of each class" in Path("plan.yaml").read_text()


def test_answers_are_held_to_what_the_rows_show() -> None:
    free = step(planned("constrained", *QUESTION), "evaluate")
    assert free["answer_schema"] == "answer.schema.json"  # which a person has to write
    rows = [json.dumps({"question": f"q{n}", "answer": json.dumps({"total": n})}) for n in range(30)]
    Path("train.jsonl").write_text("\n".join(rows))
    shaped = step(planned("constrained", *QUESTION), "evaluate")
    assert json.loads(Path(shaped["answer_schema"]).read_text())["properties"] == {"total": {"type": "integer"}}
    rows = [json.dumps({"question": f"q{n}", "answer": "yes" if n % 3 else "no"}) for n in range(30)]
    Path("train.jsonl").write_text("\n".join(rows))
    chosen = planned("constrained", *QUESTION)
    assert step(chosen, "evaluate")["choices"] == ("no", "yes")
    assert "Answer with one of: no, yes." in str(chosen.prompt.instruction)


def test_answers_that_are_json_are_asked_for_by_their_keys() -> None:
    for name in ("train", "test"):
        answers = [json.dumps({"total": n % 2, "country": "UK"}) for n in range(30)]
        rows = [json.dumps({"question": f"{name} {n}", "answer": answer}) for n, answer in enumerate(answers)]
        Path(f"{name}.jsonl").write_text("\n".join(rows))
    plan = planned("constrained", *QUESTION)
    assert step(plan, "evaluate")["format"] is None  # there is none to keep: keys may come in any order
    assert plan.prompt.instruction is not None
    for text in (plan.prompt.instruction.zh, plan.prompt.instruction.en):
        assert text.endswith('{"total": …, "country": …}')
    schema = json.loads(Path(step(plan, "evaluate")["answer_schema"]).read_text())
    assert schema["required"] == ["total", "country"]  # also where the same few objects recur


@pytest.mark.parametrize("path", ["prompting:zero_shot", "rag"])
@pytest.mark.parametrize(("language", "said"), [("en", "is no decoder"), ("zh", "不是解码器")])
@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "bert", "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        | {"intermediate_size": 16, "max_position_embeddings": 64, "type_vocab_size": 2},
        {"model_type": "t5", "vocab_size": 50, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 1, "num_heads": 2}
        | {"is_encoder_decoder": True},
    ],
)
def test_a_model_that_cannot_be_asked_is_refused_with_the_plan(
    config: dict[str, Any], path: str, language: str, said: str, capsys: Shown
) -> None:
    Path("model").mkdir()
    Path("model/config.json").write_text(json.dumps(config))
    command = ["plan", "--label", path, "--model", "./model", *QUESTION, "--language", language]
    assert main(command) == WRONG_INPUT
    assert said in capsys.readouterr().err
    assert not Path("plan.yaml").exists()


@pytest.mark.parametrize("path", ["prompting:few_shot", "classifier:tfidf", "classifier:encoder", "finetune:lora"])
def test_one_class_is_refused_with_the_plan(path: str, capsys: Shown) -> None:
    Path("train.csv").write_text("text,label\na,same\nb,same\n")
    Path("test.csv").write_text("text,label\nc,same\n")
    model = ["--model", "qwen2.5-0.5b"] if path.startswith("prompting") else []
    command = ["plan", "--label", path, *model, *LABELLED]
    assert main(command) == WRONG_INPUT
    assert "too few classes to tell apart: same" in " ".join(capsys.readouterr().err.split())
    assert not Path("plan.yaml").exists()


def test_rows_to_measure_on_never_stand_in_a_prompt() -> None:
    command = ["plan", "--label", "rag", "--model", "qwen2.5-0.5b", "--force", *QUESTION]
    assert main([*command[:-4], *QUESTION[-2:]]) == DONE
    assert read_plan(Path("plan.yaml")).prompt.examples == ()
    assert main(command) == DONE
    assert {one.question[:5] for one in read_plan(Path("plan.yaml")).prompt.examples} == {"train"}


@pytest.mark.parametrize(("language", "name"), [("en", "Few-shot"), ("zh", "少样本")])
def test_prompting_and_a_small_classifier_are_compared_on_the_same_rows(
    tiny_model: Path, capsys: Shown, language: str, name: str
) -> None:
    pytest.importorskip("sklearn", reason="needs the train extra")
    plan = planned("few_shot", *LABELLED, "--language", language, model=str(tiny_model))
    assert [step.kind for step in plan.steps] == ["classify", "evaluate", "report"]
    text = Path("plan.yaml").read_text().replace("max_new_tokens: 64", "max_new_tokens: 4")
    Path("plan.yaml").write_text(text)
    assert main(["run", "plan.yaml", "--quiet", "--language", language]) == DONE
    [run] = Path("runs").iterdir()
    report = json.loads((run / "report.json").read_bytes())
    assert report["arm"] == "few_shot"
    assert {*report["evaluation"]["arms"]} == {"majority", "tfidf", "base", "zero_shot", "few_shot"}
    assert {*report["differences"]} == {"majority", "tfidf", "base", "zero_shot"}
    [classified] = report["classified"]
    assert report["evaluation"]["arms"]["tfidf"]["accuracy"] == classified["metrics"]["accuracy"]
    assert name in (run / "report.md").read_text()

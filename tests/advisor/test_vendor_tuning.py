"""A vendor's tuning: what is laid out for it, and the plan that measures the model before and after."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import DONE, WRONG_INPUT, main
from ftadvisor.executors.contents import check_contents
from ftadvisor.executors.plan_file import read_plan

from ..rag.chat_server import ChatServer

ROWS = [{"question": f"Which colour has thing {number}?", "answer": "Blue."} for number in range(6)]
Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """Serve a model that is wrong about blue things, and a tuned one that is right."""
    found = ChatServer(lambda path, body: (200, ["Blue." if body["model"] == "ft:m:1" else "Red."]))
    yield found
    found.close()


def test_a_plan_is_run_before_and_after_a_vendor_tuned_the_model(server: ChatServer, capsys: Shown) -> None:
    rows = [{"question": f"Which colour has place {number}?", "answer": "Blue."} for number in range(12)]
    Path("train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["--set", "task_type=generation", "--label", "finetune:api", "--train", "train.jsonl"]
    assert main(["plan", *words, "--test", "test.jsonl", "--model", f"{server.url}#m", "--language", "en"]) == DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert f"ftadvisor run plan.yaml --tuned '{server.url}#TUNED'" in shown
    assert "prepared/plan/train.jsonl was checked as vendors read it: 12 conversations" in shown
    assert not Path("prepared/plan/test.jsonl").exists()
    for tuned, arms in (([], ["base", "prompting"]), (["--tuned", f"{server.url}#ft:m:1"], ["base", "finetuned"])):
        assert main(["run", "plan.yaml", *tuned, "--json", "--quiet"]) == DONE
        found = json.loads(capsys.readouterr().out)["steps"][0]["result"]["arms"]
        assert {*arms} <= {*found}
    assert (found["base"]["exact"]["value"], found["finetuned"]["exact"]["value"]) == (0, 1)
    uploaded = Path("prepared/plan/train.jsonl").read_text(encoding="utf-8").splitlines()[0]
    tuned_turns = next(body["messages"] for _, body, _ in server.requests if body["model"] == "ft:m:1")
    assert [turn["role"] for turn in json.loads(uploaded)["messages"][:-1]] == [turn["role"] for turn in tuned_turns]
    assert json.loads(uploaded)["messages"][0] == tuned_turns[0]  # it is asked as it was tuned
    assert not [*Path().glob(".*.plan.yaml")]


def test_texts_with_classes_are_laid_out_for_tuning_and_measured_as_a_classifiers(
    server: ChatServer, capsys: Shown
) -> None:
    for name, count in (("learnt", 24), ("held", 6)):
        rows = [{"text": f"{name} words {number}", "label": ["Blue.", "Red."][number % 2]} for number in range(count)]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["--set", "task_type=classification", "--label", "finetune:api", "--train", "learnt.jsonl"]
    assert main(["plan", *words, "--test", "held.jsonl", "--model", f"{server.url}#m", "--language", "en"]) == DONE
    assert "prepared/plan/train.jsonl was checked as vendors read it: 24 conv" in " ".join(
        capsys.readouterr().out.split()
    )
    uploaded = json.loads(Path("prepared/plan/train.jsonl").read_text(encoding="utf-8").splitlines()[0])["messages"]
    assert [turn["content"] for turn in uploaded[-2:]] == ["learnt words 0", "Blue."]
    assert "Blue., Red." in uploaded[0]["content"]
    assert main(["run", "plan.yaml", "--tuned", f"{server.url}#ft:m:1", "--json", "--quiet"]) == DONE
    steps = json.loads(capsys.readouterr().out)["steps"]
    arms = next(step["result"]["arms"] for step in steps if step["kind"] == "evaluate")
    assert arms["finetuned"]["accuracy"]["value"] == 0.5
    assert arms["finetuned"]["macro_f1"]["value"] == pytest.approx(1 / 3, abs=1e-3)
    asked = next(body["messages"] for _, body, _ in server.requests if body["model"] == "ft:m:1")
    assert asked[0] == uploaded[0]


@pytest.mark.parametrize("label", ["rag+finetune:api", "rag"])
def test_texts_with_classes_are_measured_with_passages_too(label: str, server: ChatServer, capsys: Shown) -> None:
    pytest.importorskip("faiss", reason="needs the rag extra")
    for name, count in (("learnt", 24), ("held", 6)):
        rows = [{"text": f"{name} words {number}", "label": ["Blue.", "Red."][number % 2]} for number in range(count)]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Path("docs").mkdir()
    Path("docs/words.md").write_text("Held words that are even are blue.\n", encoding="utf-8")
    words = ["plan", "--set", "task_type=classification", "--label", label, "--train", "learnt.jsonl"]
    words += ["--test", "held.jsonl", "--documents", "docs", "--model", f"{server.url}#m", "--language", "en"]
    assert main(words) == DONE
    tuned = ["--tuned", f"{server.url}#ft:m:1"] if "finetune" in label else []
    capsys.readouterr()
    assert main(["run", "plan.yaml", *tuned, "--json", "--quiet"]) == DONE
    steps = json.loads(capsys.readouterr().out)["steps"]
    arms = next(step["result"]["arms"] for step in steps if step["kind"] == "evaluate")
    assert {*arms} == {"base", "prompting", "rag", *(["combined"] if tuned else [])}
    assert {found["accuracy"]["value"] for found in arms.values()} == {0.5}
    asked = [body["messages"] for _, body, _ in server.requests]
    assert any("blue" in turns[-1]["content"] for turns in asked)
    assert all("Blue., Red." in turns[0]["content"] for turns in asked if len(turns) > 1)


@pytest.mark.parametrize(("language", "told"), [("en", "holds texts with classes"), ("zh", "是带类别的文本")])
def test_texts_with_classes_that_passages_cannot_be_tuned_with_here_are_refused_with_what_can(
    language: str, told: str, capsys: Shown
) -> None:
    rows = [{"text": f"words {number}", "label": "AB"[number % 2]} for number in range(24)]
    Path("learnt.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["plan", "--set", "task_type=classification", "--label", "rag+finetune:lora", "--train", "learnt.jsonl"]
    assert main([*words, "--model", "builtin:tiny", "--language", language]) == WRONG_INPUT
    shown = "".join(capsys.readouterr().err.split())
    assert told.replace(" ", "") in shown
    assert "--labelrag+finetune:api" in shown
    assert "question:" not in shown


def test_a_fault_of_a_plan_with_a_tuned_model_is_told_of_the_users_plan(capsys: Shown) -> None:
    Path("plans").mkdir()
    words = ["plan", "--set", "task_type=qa", "--label", "finetune:api", "--model", "http://127.0.0.1:9/v1#m"]
    assert main([*words, "-o", "plans/own.yaml", "--language", "en"]) == DONE
    capsys.readouterr()
    tuned = ["run", "plans/own.yaml", "--tuned", "http://127.0.0.1:9/v1#t", "--language", "en"]
    assert main(tuned) == WRONG_INPUT
    assert "files named in plans/own.yaml do not exist" in " ".join(capsys.readouterr().err.split())


def test_conversations_of_several_turns_are_planned_and_laid_out_as_they_are(capsys: Shown) -> None:
    said = ("Be kind.", "Hello.", "Hello!", "Which colour?", "Blue.")
    roles = ("system", "user", "assistant", "user", "assistant")
    turns = [{"role": role, "content": content} for role, content in zip(roles, said, strict=True)]
    rows = [{"messages": turns}] * 9 + [{"messages": turns[-2:]}]
    Path("train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["plan", "--set", "task_type=dialogue_generation", "--train", "train.jsonl", "--language", "en"]
    tested = [*words, "--test", "test.jsonl"]
    assert main([*tested, "--label", "finetune:api", "--model", "http://127.0.0.1:9/v1#m"]) == DONE
    assert "was checked as vendors read it: 10 conversations" in " ".join(capsys.readouterr().out.split())
    found = [json.loads(line)["messages"] for line in Path("prepared/plan/train.jsonl").read_bytes().splitlines()]
    assert found[:9] == [turns] * 9
    assert [turn["role"] for turn in found[9]] == ["system", "user", "assistant"]  # the plan's instruction
    assert main([*tested, "--label", "finetune:lora", "--model", "builtin:tiny", "--force"]) == DONE
    plan = read_plan(Path("plan.yaml"))
    assert check_contents(plan, Path("plan.yaml")) == []
    assert plan.prompt.examples
    assert all("Hello." not in example.question for example in plan.prompt.examples)
    assert main([*words, "--label", "prompting:few_shot", "--model", "builtin:tiny", "--force"]) == WRONG_INPUT


def test_a_plan_that_trains_an_adapter_of_its_own_keeps_it_measured(capsys: Shown) -> None:
    Path("train.jsonl").write_text(json.dumps({"question": "Which?", "answer": "It."}) + "\n", encoding="utf-8")
    words = ["--set", "task_type=generation", "--label", "finetune:lora", "--model", "builtin:tiny"]
    assert main(["plan", *words, "--train", "train.jsonl", "--test", "test.jsonl"]) == DONE
    assert main(["run", "plan.yaml", "--tuned", "http://127.0.0.1:9/v1#t", "--language", "en"]) == WRONG_INPUT
    assert "already compares adapters/finetuned as finetuned" in capsys.readouterr().err
    assert not Path("runs").exists()

"""The commands recommend, explain and list, as a person or a script uses them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.labels import LABELS
from ftadvisor.advisor.profile import FIELDS
from ftadvisor.executors.step import step_kinds, step_module
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.method import MethodCard
from ftadvisor.knowledge.question import Question
from ftadvisor.knowledge.rule import Rule
from ftadvisor.knowledge.sources import Evidence
from rich.cells import cell_len

PROFILE = """\
task_type: dialogue_generation
knowledge_volatility: monthly
knowledge_tokens: 30000
labelled_examples: 5000
style_need: strict
failure_mode: inconsistent_behaviour
base_model_params_b: 7
vram_gb: 24
"""
KEYS = {
    "id", "label", "base", "certainty", "reasons", "rejected", "flips", "assumed", "ask_next", "estimate", "next_step",
}  # fmt: skip


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """Return the file of a profile."""
    path = tmp_path / "profile.yaml"
    path.write_text(PROFILE, encoding="utf-8")
    return path


def run_json(words: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command and return the one document that it prints."""
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_has_the_promised_shape(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(["recommend", "--profile", str(profile)], capsys)
    assert set(found) >= KEYS
    assert found["label"] == "rag+finetune:lora"
    assert set(found["flips"][0]) == {"field", "from", "to", "label"}
    assert set(found["reasons"][0]) == {"rule", "text", "evidence"}
    assert set(found["rejected"][0]) == {"label", "rule", "text"}
    assert found["estimate"]["peak"]["high_bytes"] > 0


@pytest.mark.parametrize(
    "answers",
    [
        ["task_type=qa"],
        ["task_type=dialogue", "labelled_examples=3000"],
        ["task_type=classification"],
        ["task_type=qa", "knowledge_volatility=weekly"],
    ],
)
def test_the_field_to_ask_next_is_the_one_that_the_text_names(
    answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--language", "en", "recommend", *(word for answer in answers for word in ("--set", answer))]
    field = run_json(words, capsys)["ask_next"]
    assert main(words) == 0
    assert f"The one to find out first is {load(Question)[field].name.en}." in " ".join(capsys.readouterr().out.split())


def test_answers_on_the_command_line_come_last(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["recommend", "--profile", str(profile), "--set", "training_allowed=no", "--set", "vram_gb=0"]
    assert run_json(words, capsys)["label"] in {"rag", "prompting:long_context"}


def test_the_next_command_plans_for_the_answers_given(
    profile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(profile.parent)
    words = ["recommend", "--profile", "profile.yaml", "--set", "n_tasks=1"]
    command = run_json(words, capsys)["next_step"]["command"]
    assert command == "ftadvisor plan --profile profile.yaml --set n_tasks=1 -o plan.yaml"
    assert main(command.split()[1:]) == 0
    profile.unlink()
    assert main(["plan", "-o", "other.yaml"]) == 2
    assert "--set" in capsys.readouterr().err
    assert main(["plan", "--set", "task_type=qa", "-o", "other.yaml"]) == 0


def test_a_description_is_planned_as_it_is_advised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["--describe", "Sort our 6,000 labelled tickets into 14 departments; we have one RTX 3090."]
    advised = run_json(["recommend", *told], capsys)
    plan = tmp_path / "plan.yaml"
    assert main(["plan", *told, "-o", str(plan)]) == 0
    assert "6,000" in capsys.readouterr().out  # what was understood is shown
    assert f"label: {advised['label']}" in plan.read_text(encoding="utf-8")


def test_answers_alone_are_enough(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["recommend", "--set", "task_type=ner", "--set", "labelled_examples=12"]
    assert run_json(words, capsys)["label"] == "prompting:few_shot"


def test_no_answers_at_all_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--language", "en"]) == 2
    assert "--profile" in capsys.readouterr().err


def test_what_is_not_understood_is_told_and_does_not_stop(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile.write_text(PROFILE + "budget: enormous\n", encoding="utf-8")
    assert main(["recommend", "--profile", str(profile), "--json", "--language", "en"]) == 0
    captured = capsys.readouterr()
    assert "enormous" in captured.err
    assert "line 9" in captured.err
    assert json.loads(captured.out)["problems"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("columns", [80, 60])
def test_the_text_fits_the_window(
    language: str, columns: int, profile: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["recommend", "--profile", str(profile), "--trace", "--language", language]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert "lora" in lines[0]
    assert any("knowledge-changes-monthly" in line for line in lines)


def test_a_batch_answers_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "profiles.jsonl"
    lines = [
        {"id": "a", "profile": {"task_type": "ner", "labelled_examples": 12}},
        {"id": "b", "task_type": "juggling", "knowledge_volatility": "often"},
        {"id": "c", "profile": {"task_type": "qa", "knowledge_volatility": "daily", "needs_citations": True}},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert main(["recommend", "--profiles", str(path), "--json", "--brief"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["id"] for answer in answers] == ["a", "b", "c"]
    assert [answer["label"] for answer in answers] == ["prompting:few_shot", "prompting:zero_shot", "rag"]
    assert len(answers[1]["problems"]) == 2


def test_a_broken_line_is_told_and_the_rest_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "profiles.jsonl"
    path.write_text('{"task_type": \n\n[1]\n{"task_type": "qa"}\n', encoding="utf-8")
    assert main(["recommend", "--profiles", str(path), "--json", "--brief"]) == 2
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer.get("line") for answer in answers] == [1, 3, None]
    assert answers[2]["label"]


def test_profiles_without_ids_are_told_by_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "profiles.jsonl"
    path.write_text('{"task_type": "qa"}\n\n{"id": "mine", "task_type": "ner"}\n{"vram": 3}\n', encoding="utf-8")
    assert main(["recommend", "--profiles", str(path), "--brief", "--language", "en"]) == 0
    starts = [line[:8].strip() for line in capsys.readouterr().out.splitlines()]
    assert starts == ["line 1", "mine", "line 4"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_broken_line_comes_with_what_a_line_looks_like(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "profiles.jsonl"
    path.write_text('{"task_type": \n', encoding="utf-8")
    assert main(["recommend", "--profiles", str(path), "--brief", "--language", language]) == 2
    shown = capsys.readouterr().out
    assert json.loads(re.search(r"\{.*\}", shown)[0])["profile"]  # type: ignore[index]
    assert "recommend --help" in shown
    assert main(["recommend", "--profiles", str(path), "--brief", "--json", "--language", language]) == 2
    assert "recommend --help" in json.loads(capsys.readouterr().out)["hint"]


@pytest.mark.parametrize(
    "what", ["lora", "no-bias-terms", "vram_gb", "raft", "7b", "4090", "finetune:qlora", "P-Tuning-v2"]
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_explain(what: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", what, "--language", language]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 4


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_advised_label_can_be_explained(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (*sorted(LABELS), "token", "显存"):
        assert main(["explain", name, "--language", language]) == 0
        shown = capsys.readouterr().out
        assert len(shown.splitlines()) >= 2
    assert main(["explain", "prompting:few_shot", "--language", "en"]) == 0
    assert "a few worked examples" in " ".join(capsys.readouterr().out.split())


def test_options_that_can_be_set_are_listed_with_values_defaults_and_meanings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "lora", "--language", "en"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "method_options.rank: int; 16 by default; width of the trained matrices" in shown
    assert main(["explain", "evaluate", "--language", "zh"]) == 0
    assert "max_new_tokens：int；默认 128；" in capsys.readouterr().out
    for kind in step_kinds():
        assert main(["explain", kind, "--language", "zh"]) == 0
        assert all(name in capsys.readouterr().out for name in step_module(kind).Options.inputs[:1])


def test_the_unknown_is_pointed_to_the_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "nothing-like-it", "--language", "en"]) == 2
    assert "ftadvisor list methods" in capsys.readouterr().err


def test_everything_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for name in (*load(MethodCard), *load(Rule), *load(Evidence), *FIELDS):
        assert main(["explain", name, "--language", "en"]) == 0
        assert name in capsys.readouterr().out


def test_the_unknown_is_wrong_input_with_close_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "qlorra", "--language", "en"]) == 2
    assert "qlora" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["methods", "models", "gpus", "rules"])
def test_lists(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    entries = run_json(["list", what], capsys)
    assert main(["list", what]) == 0
    text = capsys.readouterr().out
    assert all(entry["id"] in text for entry in entries)


def test_all_eleven_methods_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(run_json(["list", "methods"], capsys)) == 11

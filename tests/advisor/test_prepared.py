"""Every label runs here, or its plan says what is left by hand and prepares the files for it."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.draft import PlanDraft
from ftadvisor.advisor.files import Files
from ftadvisor.advisor.labels import LABELS
from ftadvisor.advisor.planning import make_plan
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.executors.method import method_ids
from ftadvisor.knowledge.messages import use_language

RETURNS = Files(
    documents=("builtin:returns/policies",),
    train="builtin:returns/dialogues.train.jsonl",
    validation="builtin:returns/dialogues.validation.jsonl",
    test="builtin:returns/dialogues.test.jsonl",
)
TABLES = {"prepared/plan/train.csv", "prepared/plan/validation.csv", "prepared/plan/test.csv"}
PREPARED = {
    "finetune:api": {"prepared/plan/train.jsonl", "prepared/plan/validation.jsonl"},
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def planned(label: str, folder: Path, files: Files = RETURNS, base: str = "llm<=8b") -> PlanDraft:
    profile = Profile(task_type="dialogue", vram_gb=24)
    advice = recommend(profile, brief=True).model_copy(update={"label": label, "base": base})
    return make_plan(profile, advice, files=files, folder=folder, model="qwen2.5-0.5b")


@pytest.mark.parametrize("label", sorted(LABELS))
def test_every_label_runs_here_or_comes_with_its_steps_and_files(label: str, tmp_path: Path) -> None:
    draft = planned(label, tmp_path)
    assert draft.plan is not None
    path, _, variant = label.partition(":")
    if path in ("finetune", "rag+finetune") and variant in method_ids():
        methods = {step.model_dump()["method"] for step in draft.plan.steps if step.kind == "train"}
        assert methods == {variant}
    assert set(draft.prepared) == PREPARED.get(label, set())
    assert bool(draft.prepared) == any("Files prepared" in text for text in draft.remaining)
    assert draft.remaining
    assert not any("{" in text for text in draft.remaining)


def test_rows_become_a_table_of_texts_and_labels(tmp_path: Path) -> None:
    draft = planned("finetune:lora", tmp_path, base="encoder")
    assert set(draft.prepared) == TABLES
    rows = list(csv.DictReader(StringIO(draft.prepared["prepared/plan/train.csv"])))
    assert len(rows) == 504
    assert set(rows[0]) == {"text", "label"}
    assert draft.plan is not None
    assert {step.model_dump()["train"] for step in draft.plan.steps[:2]} == {"prepared/plan/train.csv"}


def test_rows_become_the_conversations_that_vendors_take(tmp_path: Path) -> None:
    lines = planned("finetune:api", tmp_path).prepared["prepared/plan/train.jsonl"].splitlines()
    roles = [[message["role"] for message in json.loads(line)["messages"]] for line in lines]
    assert roles == [["system", "user", "assistant"]] * 504


@pytest.mark.parametrize(
    ("label", "base", "row"),
    [
        ("finetune:lora", "llm<=8b", {"question": "q", "answer": "a"}),
        ("finetune:api", "llm<=8b", {"question": "q", "answer": "a"}),
        ("finetune:lora", "encoder", {"question": "q", "answer": "a"}),
        ("classifier:encoder", "encoder", {"text": "t", "label": "l"}),
        ("classifier:tfidf", "encoder", {"text": "t", "label": "l"}),
        ("continued_pretraining", "llm<=8b", {"text": "t"}),
    ],
)
def test_each_file_is_read_once(
    label: str, base: str, row: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = ("train", "validation", "test")
    for part in parts:
        rows = [{name: f"{value} {number}" for name, value in row.items()} for number in range(4)]
        (tmp_path / f"{part}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    opened: list[str] = []
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path.name) or read(path))
    planned(label, tmp_path, Files(**{part: f"{part}.jsonl" for part in parts}), base)
    found = Counter(opened)
    assert found["train.jsonl"] == 1
    assert all(found[f"{part}.jsonl"] <= 1 for part in parts)


def test_the_expected_fields_become_a_schema(tmp_path: Path) -> None:
    rows = [{"question": "q", "answer": f"free {n}", "expected": {"decision": "no" if n else "yes"}} for n in range(9)]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    draft = planned("prompting:constrained", tmp_path, Files(train="train.jsonl"))
    schema = json.loads(draft.prepared["prepared/plan/answer.schema.json"])
    assert schema["properties"] == {"decision": {"type": "string", "enum": ["no", "yes"]}}
    assert schema["required"] == ["decision"]


@pytest.mark.parametrize("field", ["label", "labels"])
def test_a_schema_that_no_step_reads_is_neither_prepared_nor_asked_for(tmp_path: Path, field: str) -> None:
    classes = ["card", "cash", "card"]
    rows = [{"text": f"text {name}", field: name if field == "label" else [name]} for name in classes]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for files in (Files(train="train.jsonl"), RETURNS):
        draft = planned("prompting:constrained", tmp_path, files)
        assert draft.prepared == {}
        assert not any("answer.schema.json" in text for text in draft.remaining)
    nothing = planned("prompting:constrained", tmp_path, Files())
    assert any("answer.schema.json" in text for text in nothing.remaining)


def test_answers_that_are_json_give_their_own_schema(tmp_path: Path) -> None:
    answers = [json.dumps({"total": number, "currency": "EUR"}) for number in range(3)]
    rows = [json.dumps({"question": "q", "answer": answer}) for answer in answers]
    (tmp_path / "train.jsonl").write_text("\n".join(rows))
    draft = planned("prompting:constrained", tmp_path, Files(train="train.jsonl"))
    schema = json.loads(draft.prepared["prepared/plan/answer.schema.json"])
    assert schema["properties"] == {"total": {"type": "integer"}, "currency": {"type": "string"}}
    assert schema["required"] == ["total", "currency"]


def test_the_command_for_after_the_tuning_names_the_plan_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my plans").mkdir()
    words = ["plan", "--set", "task_type=qa", "--label", "finetune:api", "--model", "http://127.0.0.1:9/v1#m"]
    assert main([*words, "--train", RETURNS.train or "", "-o", "my plans/tuned.yml", "--language", "en"]) == 0
    [tuned] = [line for line in capsys.readouterr().out.splitlines() if "--tuned" in line]
    assert "ftadvisor run 'my plans/tuned.yml' --tuned 'http://127.0.0.1:9/v1#TUNED'" in tuned


def test_what_is_not_there_yet_is_to_be_prepared_by_hand(tmp_path: Path) -> None:
    draft = planned("finetune:lora", tmp_path, Files(), base="encoder")
    assert draft.prepared == {}
    assert any("rows with text and label" in text for text in draft.remaining)


def test_prepared_files_are_written_beside_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.jsonl").write_text(json.dumps({"question": "q", "answer": "a"}))
    words = ["--set", "task_type=dialogue", "--label", "finetune:api", "--train", "train.jsonl"]
    assert main(["plan", "--model", "qwen2.5-0.5b", *words]) == 0
    assert len(Path("prepared", "plan", "train.jsonl").read_text().splitlines()) == 1


def test_prepared_files_of_the_user_are_never_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.jsonl").write_text(json.dumps({"question": "q", "answer": "a"}))
    mine = Path("prepared", "second", "train.jsonl")
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    words = ["--set", "task_type=dialogue", "--label", "finetune:api", "--train", "train.jsonl"]
    command = ["plan", "--model", "qwen2.5-0.5b", *words, "-o", "second.yaml"]
    assert main(command) == 2
    assert str(mine) in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert not Path("second.yaml").exists()
    assert main([*command, "--force"]) == 0
    assert mine.read_text() != "mine"

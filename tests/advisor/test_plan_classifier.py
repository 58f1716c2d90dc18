"""A recommended small classifier becomes a plan that runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.advisor.draft import PlanDraft
from ftadvisor.advisor.files import Files
from ftadvisor.advisor.plan_output import plan_summary
from ftadvisor.advisor.planning import make_plan
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.executors.classifier import classifier_ids
from ftadvisor.executors.plan_file import read_plan, write_plan
from ftadvisor.knowledge.messages import use_language


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def planned(label: str, folder: Path, files: Files, language: str = "zh", embedder: str | None = None) -> PlanDraft:
    profile = Profile.model_validate({"task_type": "classification", "language": language})
    recommendation = recommend(profile).model_copy(update={"label": label, "base": "none"})
    return make_plan(profile, recommendation, files=files, folder=folder, model=embedder)


@pytest.mark.parametrize("kind", classifier_ids())
def test_a_classifier_is_planned_beside_the_simplest_one(kind: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\n你好,问候\n再见,告别\n", encoding="utf-8")
    draft = planned(f"classifier:{kind}", tmp_path, Files(train="rows.csv"))
    assert draft.plan is not None
    assert draft.plan.model is None
    steps = [step.model_dump() for step in draft.plan.steps]
    assert [step.get("classifier") for step in steps] == [*dict.fromkeys(["tfidf", kind]), None]
    assert {step["train"] for step in steps[:-1]} == {"rows.csv"}
    assert not any("rows with text and label" in text for text in draft.remaining)
    write_plan(draft.plan, tmp_path / "plan.yaml", draft.comments)
    assert read_plan(tmp_path / "plan.yaml") == draft.plan


def test_the_plan_of_an_encoder_does_not_point_to_itself(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\nhello,a\nbye,b\n", encoding="utf-8")
    [another] = [
        text for text in planned("classifier:encoder", tmp_path, Files(train="rows.csv")).remaining if "--label" in text
    ]
    assert "prompting:few_shot" in another
    assert "classifier:encoder" not in another


def test_the_embedder_reads_the_language_or_is_the_named_one(tmp_path: Path) -> None:
    def embedder(language: str, named: str | None = None) -> str:
        plan = planned("classifier:embeddings_linear", tmp_path, Files(), language, named).plan
        assert plan is not None
        return str(plan.steps[1].model_dump()["classifier_options"]["embedder"])

    chosen = [embedder(language) for language in ("zh", "en", "multi")]
    assert len({*chosen}) == 3
    assert "zh" in chosen[0]
    assert embedder("zh", "builtin") == "builtin"


def test_rows_that_are_missing_or_have_no_label_are_to_be_prepared(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(json.dumps({"question": "q", "answer": "a"}), encoding="utf-8")
    remaining = planned("classifier:tfidf", tmp_path, Files(test="test.jsonl")).remaining
    assert [text.split(":")[0] for text in remaining[:2]] == ["Prepare train.jsonl", "Prepare test.jsonl"]


def test_the_summary_names_steps_and_no_model(tmp_path: Path) -> None:
    profile = Profile.model_validate({"task_type": "classification"})
    recommendation = recommend(profile).model_copy(update={"label": "classifier", "base": "none"})
    draft = make_plan(profile, recommendation, files=Files(), folder=tmp_path)
    text = "\n".join(plan_summary(draft, recommendation, tmp_path / "plan.yaml"))
    assert "Train and measure a small classifier (tfidf)" in text
    assert "ftadvisor run" in text


@pytest.mark.parametrize(("language", "family"), [("en", "roberta"), ("zh", "chinese-roberta"), ("sw", "xlm-roberta")])
def test_an_encoder_is_trained_beside_the_simplest_classifier(language: str, family: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\n你好,问候\n再见,告别\n", encoding="utf-8")
    draft = planned("classifier:encoder", tmp_path, Files(train="rows.csv"), language)
    assert draft.plan is not None
    simple, train, measure, report = (step.model_dump() for step in draft.plan.steps)
    assert (simple["kind"], simple["classifier"], report["kind"]) == ("classify", "tfidf", "report")
    assert (train["kind"], train["task"], train["method"]) == ("train", "sequence_classification", "full")
    assert (simple["held_out"], train["held_out"], train["validation_share"]) == (0.2, 0.2, 0.1)
    assert (measure["task"], measure["adapter"]) == (train["task"], train["output"])
    assert draft.plan.model is not None
    assert family in draft.plan.model.source
    write_plan(draft.plan, tmp_path / "plan.yaml", draft.comments)
    assert read_plan(tmp_path / "plan.yaml") == draft.plan


@pytest.mark.parametrize(
    ("row", "task"),
    [
        ({"tokens": ["Ann", "left"], "tags": ["B-PER", "O"]}, "token_classification"),
        ({"question": "who?", "context": "Ann left", "answer": "Ann"}, "question_answering"),
        ({"text": "hello", "labels": ["greeting"]}, "sequence_classification"),
    ],
)
def test_the_layout_of_the_rows_decides_what_an_encoder_learns(row: dict[str, Any], task: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    profile = Profile.model_validate({"task_type": "classification", "language": "en"})
    recommendation = recommend(profile).model_copy(update={"label": "finetune:lora", "base": "encoder"})
    draft = make_plan(profile, recommendation, files=Files(train="rows.jsonl"), folder=tmp_path)
    assert draft.plan is not None
    steps = [step.model_dump() for step in draft.plan.steps]
    assert [step["task"] for step in steps if "task" in step] == [task, task]
    assert [step["method"] for step in steps if step["kind"] == "train"] == ["lora"]
    assert not any("Prepare" in text for text in draft.remaining)


def test_a_t5_that_is_named_learns_to_rewrite(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": "say a", "completion": "a"}), encoding="utf-8")
    profile = Profile.model_validate({"task_type": "translation", "language": "en"})
    recommendation = recommend(profile).model_copy(update={"label": "finetune:lora", "base": "llm<=8b"})
    draft = make_plan(profile, recommendation, files=Files(train="rows.jsonl"), folder=tmp_path, model="t5-small")
    assert draft.plan is not None
    assert [step.kind for step in draft.plan.steps] == ["train", "measure", "report"]
    assert draft.plan.steps[0].model_dump()["task"] == "seq2seq"
    assert not any("Prepare" in text for text in draft.remaining)

"""The article's three case studies and its returns assistant: what is advised, and what is said about the article."""

import pytest
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.article_notes import article_notes
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.recommendation_view import recommendation_lines
from ftadvisor.advisor.rules import holds
from ftadvisor.advisor.wiring import facts_of
from ftadvisor.knowledge.article_note import ArticleNote
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import use_language
from ftadvisor.knowledge.rule import Case
from ftadvisor.knowledge.sources import Evidence

NODULES = {"task_type": "image_classification", "modality": "image", "labelled_examples": 8000, "n_tasks": 1}
BONDS = {
    "task_type": "classification",
    "language": "zh",
    "labelled_examples": 6000,
    "n_classes": 3,
    "base_model": "llama-2-7b",
    "vram_gb": 24,
}
CUSTOMER_SERVICE = {
    "task_type": "dialogue",
    "language": "zh",
    "labelled_examples": 10000,
    "base_model": "GPT-3.5-turbo",
    "privacy": "api_ok",
    "format_need": "template",
    "failure_mode": "format",
}
RETURNS = {
    "task_type": "dialogue",
    "language": "zh",
    "knowledge_volatility": "monthly",
    "knowledge_tokens": 30000,
    "style_need": "strict",
    "labelled_examples": 5000,
    "failure_mode": "inconsistent_behaviour",
}
CASES = [
    pytest.param(note, case, id=f"{note.id}: {case.why}") for note in load(ArticleNote).values() for case in note.case
]


@pytest.mark.parametrize(
    ("answers", "label", "words"),
    [
        (NODULES, "finetune:lora", "segmentation head"),
        (BONDS, "classifier:encoder", "small tuned encoder"),
        (CUSTOMER_SERVICE, "prompting:constrained", "closed weights take neither soft prompts nor LoRA"),
        (RETURNS, "rag+finetune:lora", "the two add up"),
    ],
    ids=["nodules", "bonds", "customer service", "returns"],
)
def test_the_articles_cases_are_advised_and_what_has_moved_on_is_said(
    answers: dict[str, object], label: str, words: str
) -> None:
    use_language("en")
    try:
        found = recommend(profile_from(answers))
        shown = " ".join(" ".join(recommendation_lines(found, 80)).split())
    finally:
        use_language(None)
    assert found.label == label
    assert words in shown
    assert {source for note in found.article for source in note.evidence} <= set(load(Evidence))


def test_a_closed_model_is_advised_its_vendors_tuning_where_the_content_is_wrong() -> None:
    found = recommend(profile_from(CUSTOMER_SERVICE | {"failure_mode": "inconsistent_behaviour"}), brief=True)
    assert found.label == "finetune:api"


@pytest.mark.parametrize(("note", "case"), CASES)
def test_a_note_is_told_where_its_situation_is_certain(note: ArticleNote, case: Case) -> None:
    profile = profile_from(case.answers)
    assert not profile.problems
    facts = facts_of(profile)
    assert all(holds(condition, facts) is True for condition in note.when) is (case.fires == "yes")
    assert (note.id in {one.note for one in article_notes(facts)}) is (case.fires == "yes")


def test_where_nothing_is_known_the_article_is_not_spoken_of() -> None:
    assert article_notes(facts_of(profile_from({}))) == ()

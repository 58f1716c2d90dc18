"""Published cases: they can be looked up, stand beside the advice, and decide nothing."""

import json
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest
from ftadvisor.advisor import near_cases
from ftadvisor.advisor.answers import profile_from
from ftadvisor.advisor.cli import main
from ftadvisor.advisor.labels import LABELS
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.recommend import recommend
from ftadvisor.advisor.recommendation import NearCase
from ftadvisor.advisor.wiring import facts_of
from ftadvisor.knowledge import load as loading
from ftadvisor.knowledge.case import PublishedCase
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.sources import Evidence

TELECOM = {
    "task_type": "qa",
    "knowledge_volatility": "daily",
    "needs_citations": True,
    "style_need": "strict",
    "labelled_examples": 4000,
    "failure_mode": "inconsistent_behaviour",
}


def nearest(**answers: Any) -> dict[str, Any]:
    """Return the nearest cases of some answers by id."""
    return {case.id: case for case in recommend(profile_from(answers)).cases}


@pytest.mark.parametrize("case", load(PublishedCase).values(), ids=lambda case: case.id)
def test_a_case_states_only_what_a_profile_understands(case: PublishedCase) -> None:
    assert case.chose in LABELS
    profile = profile_from(case.answers)
    assert not [problem for problem in profile.problems if str(profile.base_model) not in problem]
    assert len(profile.answers()) == len(case.answers) >= 2
    assert all(load(Evidence)[source].title for source in case.evidence)


@pytest.mark.parametrize("case", load(PublishedCase).values(), ids=lambda case: case.id)
def test_a_case_is_compared_by_the_facts_that_its_answers_have(case: PublishedCase) -> None:
    facts = near_cases._compared(facts_of(profile_from(case.answers)))
    assert near_cases._known()[case.id] == {field: facts[field] for field in near_cases._known()[case.id]}


def test_there_are_cases_of_every_path() -> None:
    paths = [case.chose.partition(":")[0] for case in load(PublishedCase).values()]
    assert {"prompting", "classifier", "rag", "finetune", "rag+finetune", "continued_pretraining"} == set(paths)
    assert len(paths) >= 30


def test_a_case_like_a_published_one_is_shown_beside_it() -> None:
    found = nearest(**TELECOM)
    telecom = found["telecom-answers"]
    assert telecom.agrees
    assert {"task_type", "style_need", "needs_citations"} <= set(telecom.alike)
    assert not telecom.differs


def test_what_differs_is_named() -> None:
    few = nearest(task_type="classification", labelled_examples=200_000, n_classes=2)
    assert few["few-reviews"].differs == ("labelled_examples",)
    assert "n_classes" in few["few-reviews"].alike


def test_another_language_is_no_likeness_but_one_that_models_hardly_know_is_further_away() -> None:
    def with_language(language: str) -> NearCase:
        known = facts_of(profile_from({"task_type": "ner", "language": language}))
        return next(case for case in near_cases.near_cases("prompting", known) if case.id == "chinese-notes-entities")

    chinese, english, rare = map(with_language, ("zh", "en", "nqo"))
    assert "language" in chinese.alike
    assert "language" in english.differs
    assert chinese.distance < english.distance < rare.distance


def test_the_nearest_come_first_and_one_went_another_way(drawn_profiles: Callable[[int], Iterator[Profile]]) -> None:
    for profile in drawn_profiles(60):
        found = recommend(profile).cases
        assert len(found) == near_cases.SHOWN
        assert len({case.id for case in found}) == len(found)
        assert [case.distance for case in found] == sorted(case.distance for case in found)
        assert any(not case.agrees for case in found)
        assert all(0 <= case.distance <= 1 for case in found)


def test_a_way_that_failed_speaks_for_another() -> None:
    facts = {"task_type": "qa", "language": "en", "failure_mode": "missing_knowledge"}
    profile = profile_from(facts | {"needs_citations": True})
    assert recommend(profile).label == "rag"
    found = near_cases.near_cases("rag", facts_of(profile_from(load(PublishedCase)["new-facts-by-tuning"].answers)))
    assert next(case for case in found if case.id == "new-facts-by-tuning").agrees


def test_an_unknown_answer_counts_between_alike_and_different() -> None:
    def distance(**answers: Any) -> float:
        facts = facts_of(profile_from(answers))
        found = [
            near_cases._near("few-reviews", "rag", near_cases._compared(facts), near_cases._known()["few-reviews"])
        ]
        return found[0].distance

    same = distance(task_type="classification", labelled_examples=16)
    assert same < distance(task_type="classification") < distance(task_type="classification", labelled_examples=200_000)


def test_cases_decide_nothing(
    drawn_profiles: Callable[[int], Iterator[Profile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any case all of the advice is the same."""
    before = [recommend(profile) for profile in drawn_profiles(40)]
    monkeypatch.setitem(loading._loaded, PublishedCase, MappingProxyType({}))
    near_cases._known.cache_clear()
    try:
        after = [recommend(profile) for profile in drawn_profiles(40)]
    finally:
        near_cases._known.cache_clear()
    assert all(not found.cases for found in after)
    assert [found.model_copy(update={"cases": ()}) for found in before] == after


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_case_can_be_listed_and_explained(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "cases", "--language", language]) == 0
    listed = capsys.readouterr().out
    for case in load(PublishedCase).values():
        assert case.id in listed
        assert main(["explain", case.id, "--language", language]) == 0
        text = capsys.readouterr().out
        assert load(Evidence)[case.evidence[0]].title.split()[0] in text
        assert getattr(case.outcome, language)[:6] in text.replace("\n    ", "")


def test_the_json_form_has_the_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--set", "task_type=qa", "--set", "needs_citations=yes", "--json"]) == 0
    cases = json.loads(capsys.readouterr().out)["cases"]
    assert {"id", "title", "label", "agrees", "worked", "alike", "differs", "distance", "evidence"} == set(cases[0])
    assert main(["recommend", "--set", "task_type=qa", "--brief", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == []

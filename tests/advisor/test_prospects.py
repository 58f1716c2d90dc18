"""What could still become of the recommendation: draws of the open answers, and the question that tells most."""

import runpy
from pathlib import Path

import pytest
from ftadvisor.advisor.outlook import outlook
from ftadvisor.advisor.profile import Profile
from ftadvisor.advisor.prospects import information, prospects_of
from ftadvisor.advisor.recommend import recommend
from ftadvisor.knowledge.case import PublishedCase
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.messages import use_language
from ftadvisor.knowledge.prior import OPEN, Prior, prior_of, written
from ftadvisor.knowledge.question import Question
from ftadvisor.knowledge.sources import Evidence


def test_the_label_on_what_is_known_is_that_of_the_recommendation() -> None:
    for answers in ({}, {"task_type": "qa"}, {"task_type": "classification", "labelled_examples": 5000}):
        profile = Profile().with_answers("asked", **answers)
        assert prospects_of(profile).label == recommend(profile, brief=True).label


def test_the_draws_are_the_same_each_time_and_their_shares_add_up() -> None:
    profile = Profile(task_type="dialogue")
    assert prospects_of(profile) == prospects_of(profile)
    assert sum(prospects_of(profile).shares().values()) == pytest.approx(1)


def test_a_question_that_makes_no_sense_is_not_drawn() -> None:
    assert "needs_citations" not in prospects_of(Profile(task_type="classification")).drawn
    assert "needs_citations" in prospects_of(Profile(task_type="qa")).drawn
    assert "adapter_storage_mb" not in prospects_of(Profile(task_type="qa")).drawn
    assert "adapter_storage_mb" in prospects_of(Profile(task_type="qa", n_tasks=50)).drawn


def test_what_was_asked_in_vain_stays_unknown() -> None:
    assert "vram_gb" not in prospects_of(Profile(task_type="qa"), asked=["vram_gb"]).drawn


def test_an_answer_tells_as_much_as_the_labels_it_separates() -> None:
    labels = ["rag"] * 50 + ["prompting"] * 50
    assert information([True] * 50 + [False] * 50, labels) > 0.6
    assert information([True, False] * 50, labels) < 0.01


def test_a_settled_recommendation_has_no_question_left_and_says_so() -> None:
    use_language("en")
    answers = {"task_type": "classification", "training_allowed": False, "labelled_examples": 0, "n_classes": 2}
    fields = [question.id for question in load(Question).values() if question.option and question.usual is None]
    full = Profile().with_answers(
        "asked", **{one: answers.get(one, load(Question)[one].option[0].value) for one in fields} | answers
    )
    assert prospects_of(full).best_question() is None
    assert "Whatever the answers" in outlook(prospects_of(full))
    assert "find out first" in outlook(prospects_of(Profile(task_type="qa")))
    use_language(None)


def test_priors_speak_of_the_options_of_their_questions() -> None:
    for prior in load(Prior).values():
        for field, counts in prior.answers.items():
            options = {written(option.value) for option in load(Question)[field].option}
            assert set(counts) <= options | {OPEN}, field


def test_priors_count_what_the_projects_own_cases_state() -> None:
    counted = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "adaptive_session.py"))["stated"]()
    (prior,) = load(Prior).values()
    assert prior.answers == counted


def test_the_source_of_the_priors_names_the_number_of_cases() -> None:
    assert f" {len(load(PublishedCase))} published cases" in load(Evidence)["published-decisions"].says.en


def test_cases_that_do_not_state_an_answer_make_each_as_likely() -> None:
    (prior,) = load(Prior).values()
    stated = {name for name, count in prior.answers["latency"].items() if count and name != OPEN}
    assert stated == {"realtime"}, "the test needs a question to which cases state one answer only"
    assert prior_of("latency")["realtime"] < 0.5


def test_a_prior_keeps_every_option_possible_and_the_frequent_ones_likely() -> None:
    volatility = prior_of("knowledge_volatility")
    assert sum(volatility.values()) == pytest.approx(1)
    assert volatility["static"] > volatility["daily"] > volatility["realtime"] > 0.04

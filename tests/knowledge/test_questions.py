"""One question per field, with answers that the field allows, and task words that mean one thing."""

import re
from collections import Counter

import pytest
from ftadvisor.advisor.answers import read_answer
from ftadvisor.advisor.profile import FIELDS, choices
from ftadvisor.advisor.wiring import fact_names
from ftadvisor.knowledge.language import LanguageGroup, group_of
from ftadvisor.knowledge.load import load
from ftadvisor.knowledge.question import Question
from ftadvisor.knowledge.sources import Evidence
from ftadvisor.knowledge.task import TaskFamily, find_family, is_skill, task_words

CHINESE = re.compile(r"[\u4e00-\u9fff]")
QUESTIONS = list(load(Question).values())


def test_every_field_has_a_question() -> None:
    assert set(load(Question)) == set(FIELDS)


def test_the_order_is_total() -> None:
    assert len({question.order for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_options_are_answers(question: Question) -> None:
    for option in question.option:
        assert read_answer(question.id, option.value) == (option.value, None)
    if question.kind == "choice":
        assert {option.value for option in question.option} == set(choices(question.id))
    if question.usual is not None:
        assert question.usual in {option.value for option in question.option}
    assert {condition.fact for condition in question.when} <= set(fact_names())


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_texts_are_there_in_both_languages(question: Question) -> None:
    texts = [question.name, question.text, question.why, question.find_out]
    assert all(CHINESE.search(text.zh) and text.en and not CHINESE.search(text.en) for text in texts)
    assert all(option.label.zh and option.label.en and option.help.zh and option.help.en for option in question.option)


def test_a_word_belongs_to_one_family() -> None:
    doubled = [word for word, count in Counter(task_words()).items() if count > 1]
    assert not doubled


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("qa", "question_answering"),
        ("Legal QA", "question_answering"),
        ("extractive_qa", "span_reading"),
        ("合同问答", "question_answering"),
        ("信用债舆情分类", "classification"),
        ("sentiment-classification", "classification"),
        ("text_to_sql", "code"),
        ("customer support chatbot", "dialogue"),
        ("图像分割", "vision"),
        ("方言语音识别", "speech"),
    ],
)
def test_families(name: str, family: str) -> None:
    found = find_family(name)
    assert found is not None
    assert found.id == family


def test_unknown_words_have_no_family() -> None:
    assert find_family("juggling") is None
    assert find_family("aqab") is None


def test_skills_are_words_of_their_family() -> None:
    for family in load(TaskFamily).values():
        assert set(family.skills) <= set(family.words)
    assert is_skill("style_transfer")
    assert not is_skill("summary")


def test_language_groups() -> None:
    assert group_of("zh-Hans") == "well_served"
    assert group_of("NQO") == "unseen_script"
    assert group_of("yo") == "low_resource"
    for group in load(LanguageGroup).values():
        assert set(group.evidence) <= set(load(Evidence))

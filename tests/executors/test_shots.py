from collections.abc import Sequence
from pathlib import Path

from ftadvisor.executors.data import Row
from ftadvisor.executors.models import load_tokenizer
from ftadvisor.executors.prompt import Message, Prompt
from ftadvisor.executors.shots import in_turn, most_examples, with_examples
from ftadvisor.executors.tokens import prompt_tokens


def row(number: int, answer: str, question: str = "", **expected: str) -> Row:
    text = question or f"question {number}"
    return Row(line=number + 1, id=str(number), question=text, answer=answer, expected=expected)


def letters(messages: Sequence[Message]) -> int:
    return sum(len(message["content"]) for message in messages)


def test_each_kind_of_answer_is_shown_in_turn() -> None:
    rows = [row(number, "a" if number < 5 else "b") for number in range(8)]
    assert [one.answer for one in in_turn(rows)] == [*"abababaa"]
    assert [one.line for one in in_turn(rows)] == [1, 6, 2, 7, 3, 8, 4, 5]


def test_kinds_are_what_rows_expect_where_their_values_recur() -> None:
    rows = [row(n, f"text {n}", decision="yes" if n < 15 else "no", order=str(n)) for n in range(20)]
    assert [one.expected["decision"] for one in in_turn(rows)[:4]] == ["yes", "no", "yes", "no"]


def test_a_question_sees_examples_in_its_language_and_others_only_where_there_are_none() -> None:
    rows = [row(n, "a", f"问题 {n}" if n % 2 else "") for n in range(8)]
    prompt = with_examples(Prompt(), rows, 2)
    shown = [turn["content"] for turn in prompt.messages("新问题", few_shot=True)]
    assert shown == ["问题 1", "a", "问题 3", "a", "新问题"]
    english = with_examples(Prompt(), rows[::2], 1)
    assert english.messages("新问题", few_shot=True)[0]["content"] == "question 0"


def test_as_many_examples_are_shown_as_fit_beside_the_longest_question() -> None:
    rows = [row(n, "b", "q" * 9) for n in range(50)]
    asked = ["short", "l" * 40]
    prompt = most_examples(Prompt(), rows, asked, room=40 + 16 + 73, most=1000, count=letters)
    assert len(prompt.examples) == 7  # of 10 letters each, beside the longest question and the room for seams
    assert len(most_examples(Prompt(), rows, asked, room=10_000, most=1000, count=letters).examples) == 50
    assert len(most_examples(Prompt(), rows, asked, room=10_000, most=5, count=letters).examples) == 5
    assert len(most_examples(Prompt(), rows, asked, room=65, most=1000, count=letters).examples) == 0


def test_with_a_real_tokenizer_one_example_more_would_not_fit(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    rows = [row(n, f"answer {n}") for n in range(200)]
    asked = ["Which passage says so?", "Which passage says so, and what is the colour of the sky?"]

    def count(messages: Sequence[Message]) -> int:
        return len(prompt_tokens(tokenizer, messages))

    prompt = most_examples(Prompt(instruction="Answer."), rows, asked, 400, 1000, count)
    lengths = [count(prompt.messages(question, few_shot=True)) for question in asked]
    assert max(lengths) <= 400
    more = with_examples(prompt, rows, len(prompt.examples) + 2)
    assert max(count(more.messages(question, few_shot=True)) for question in asked) > 400

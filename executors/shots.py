"""Choose rows to learn from as examples in the prompt: a few, or as many as the model's window holds."""

from collections.abc import Callable, Sequence

from ..knowledge.text import is_chinese
from .data import Row
from .prompt import Example, Message, Prompt

SEAM = 16
"""Tokens left free, as those at the seams of a prompt's parts may merge otherwise than was counted."""

Count = Callable[[Sequence[Message]], int]
"""Tokens of a conversation up to the answer."""


def in_turn(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with each kind of answer in turn, so that the first few show as many kinds as there are.

    Rows are of one kind that expect the same in the fields whose values recur, or have the same answer where there
    are no such fields. Within a kind the order of the file remains.
    """
    recurring = _recurring_fields(rows)
    turns: dict[tuple[str, ...], int] = {}
    order = []
    for row in rows:
        kind = tuple(row.expected.get(name, "") for name in recurring) or (row.answer,)
        turns[kind] = turns.get(kind, 0) + 1
        order.append(turns[kind])
    return [rows[place] for place in sorted(range(len(rows)), key=lambda place: order[place])]


def with_examples(prompt: Prompt, rows: Sequence[Row], count: int) -> Prompt:
    """Return the prompt with a number of rows in each language, Chinese or another, as its examples.

    Args:
        prompt: Whose examples are replaced.
        rows: The rows to learn from.
        count: Examples per question, so far as there are rows.
    """
    languages = [[row for row in rows if is_chinese(row.question) == chinese] for chinese in (True, False)]
    shown = [row for same in languages for row in in_turn(same)[:count]]
    return prompt.model_copy(
        update={"examples": tuple(Example(question=row.question, answer=row.answer) for row in shown)}
    )


def most_examples(
    prompt: Prompt, rows: Sequence[Row], asked: Sequence[str], room: int, most: int, count: Count
) -> Prompt:
    """Return the prompt with as many rows of each language as fit beside the longest question, or none.

    Args:
        prompt: Whose examples are replaced.
        rows: The rows to learn from.
        asked: The questions.
        room: Tokens that examples, instruction and question may take together.
        most: Most examples per question.
        count: Counts a conversation's tokens.
    """
    bare = {question: count(prompt.messages(question)) for question in dict.fromkeys(asked)}
    longest = [
        max(same, key=lambda question: bare[question])
        for chinese in (True, False)
        if (same := [question for question in bare if is_chinese(question) == chinese])
    ]

    def fits(number: int) -> bool:
        shown = with_examples(prompt, rows, number)
        return all(count(shown.messages(question, few_shot=True)) + SEAM <= room for question in longest)

    low, high = 0, min(most, len(rows))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return with_examples(prompt, rows, low)


def _recurring_fields(rows: Sequence[Row]) -> list[str]:
    """Return the fields whose values recur over the rows: a decision does, an order number does not."""
    names = dict.fromkeys(name for row in rows for name in row.expected)
    values = {name: [row.expected[name] for row in rows if name in row.expected] for name in names}
    return [name for name in names if len({*values[name]}) * 10 <= len(values[name])]

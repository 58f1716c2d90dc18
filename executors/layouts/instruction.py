"""An instruction, an input that may be empty, and the output, as in Alpaca.

A row may also have a ``system`` message, and a ``history`` of earlier questions with their answers.
"""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, text_of, value_of, wrong_text, wrong_where_given

INSTRUCTION, INPUT, OUTPUT = ("instruction",), ("input",), ("output", "response")
SYSTEM, HISTORY = ("system",), ("history",)
FIELDS = (INSTRUCTION, OUTPUT)


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with instruction, input and output."""
    yield from wrong_text(values, INSTRUCTION, "empty")
    yield from wrong_text(values, OUTPUT, "empty_answer")
    yield from wrong_where_given(values, INPUT)
    yield from wrong_where_given(values, SYSTEM)
    history = value_of(values, HISTORY)
    if history and not (isinstance(history, list) and all(map(_is_pair, history))):
        yield "wrong_type", {"field": "history", "expected": "list of [text, text]", "found": type(history).__name__}


def asked(values: Values, /) -> str:
    """Return what was said before, the instruction and, below it, the input."""
    return "\n\n".join([*(text for pair in value_of(values, HISTORY) or () for text in pair), _request(values)])


def wanted(values: Values, /) -> str:
    """Return the output."""
    return text_of(values, OUTPUT)


def classes(values: Values, /) -> tuple[str, ...]:
    """Return nothing: outputs are texts."""
    return ()


def converted(values: Values, /) -> dict[str, Any]:
    """Return a question and an answer; a conversation where the row has a system message, or a history."""
    system, history = text_of(values, SYSTEM), value_of(values, HISTORY) or []
    if not (system or history):
        return {"question": _request(values), "answer": wanted(values)}
    turns = [("system", system)] if system else []
    for question, answer in (*history, (_request(values), wanted(values))):
        turns += [("user", question), ("assistant", answer)]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def _request(values: Values) -> str:
    return "\n\n".join(filter(None, (text_of(values, INSTRUCTION), text_of(values, INPUT))))


def _is_pair(found: object) -> bool:
    return isinstance(found, list) and len(found) == 2 and all(isinstance(text, str) and text.strip() for text in found)

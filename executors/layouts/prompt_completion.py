"""A prompt and its completion, texts both, or lists of messages both; beside them a ``system`` message."""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, text_of, value_of, wrong_text, wrong_where_given
from . import messages

PROMPT, COMPLETION = ("prompt",), ("completion", "response")
FIELDS = (PROMPT, COMPLETION)


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with prompt and completion."""
    if isinstance(values["prompt"], list) and isinstance(value_of(values, COMPLETION), list):
        yield from messages.wrong(_together(values))
        return
    yield from wrong_text(values, PROMPT, "empty")
    yield from wrong_text(values, COMPLETION, "empty_answer")
    yield from wrong_where_given(values, messages.SYSTEM)


def asked(values: Values, /) -> str:
    """Return the prompt."""
    return messages.asked(_together(values)) if isinstance(values["prompt"], list) else text_of(values, PROMPT)


def wanted(values: Values, /) -> str:
    """Return the completion."""
    return messages.wanted(_together(values)) if isinstance(values["prompt"], list) else text_of(values, COMPLETION)


def classes(values: Values, /) -> tuple[str, ...]:
    """Return nothing: completions are texts."""
    return ()


def converted(values: Values, /) -> dict[str, Any]:
    """Return a question and an answer, or a conversation."""
    if isinstance(values["prompt"], list):
        return messages.converted(_together(values))
    if not text_of(values, messages.SYSTEM):
        return {"question": asked(values), "answer": wanted(values)}
    turns = [{"role": "user", "content": asked(values)}, {"role": "assistant", "content": wanted(values)}]
    return messages.converted({**values, "messages": turns})


def _together(values: Values) -> dict[str, Any]:
    return {"system": values.get("system"), "messages": [*values["prompt"], *value_of(values, COMPLETION)]}

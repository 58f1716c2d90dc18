"""An instruction, an input that may be empty, and the output, as in Alpaca."""

from collections.abc import Iterator
from typing import Any

from ..layout import Values, Wrong, text_of, wrong_text

INSTRUCTION, INPUT, OUTPUT = ("instruction",), ("input",), ("output", "response")
FIELDS = (INSTRUCTION, OUTPUT)


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with instruction, input and output."""
    yield from wrong_text(values, INSTRUCTION, "empty")
    yield from wrong_text(values, OUTPUT, "empty_answer")
    if "input" in values:
        yield from (one for one in wrong_text(values, INPUT, "empty") if one[0] != "empty")


def asked(values: Values, /) -> str:
    """Return the instruction and, below it, the input."""
    return "\n\n".join(filter(None, (text_of(values, INSTRUCTION), text_of(values, INPUT))))


def wanted(values: Values, /) -> str:
    """Return the output."""
    return text_of(values, OUTPUT)


def classes(values: Values, /) -> tuple[str, ...]:
    """Return nothing: outputs are texts."""
    return ()


def converted(values: Values, /) -> dict[str, Any]:
    """Return a question and an answer; a conversation where the row names a system message."""
    if system := text_of(values, ("system",)):
        roles = (("system", system), ("user", asked(values)), ("assistant", wanted(values)))
        return {"messages": [{"role": role, "content": content} for role, content in roles]}
    return {"question": asked(values), "answer": wanted(values)}

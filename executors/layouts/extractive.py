"""A question and the passage that holds its answer word for word; as in SQuAD, it may have none."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..layout import Values, Wrong, text_of, value_of, wrong_text

QUESTION, CONTEXT, ANSWER = ("question",), ("context",), ("answers", "answer")
FIELDS = (QUESTION, CONTEXT, ANSWER)


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with the fields, and answers that do not stand in the context where they should."""
    yield from wrong_text(values, QUESTION, "empty")
    yield from wrong_text(values, CONTEXT, "empty")
    texts, starts = _answers(values)
    if isinstance(value_of(values, ANSWER), str) and not texts:
        yield "empty_answer", {"field": "answer"}
    context = str(values["context"])
    for number, text in enumerate(texts):
        if text not in context:
            yield "not_in_context", {"answer": text[:60]}
        elif number < len(starts) and context[starts[number] : starts[number] + len(text)] != text:
            yield "wrong_start", {"start": starts[number], "answer": text[:60]}


def asked(values: Values, /) -> str:
    """Return the question, and below it the passage."""
    return f"{text_of(values, QUESTION)}\n\n{values['context']}"


def wanted(values: Values, /) -> str:
    """Return the first answer."""
    return next(iter(_answers(values)[0]), "")


def classes(values: Values, /) -> tuple[str, ...]:
    """Return nothing: answers are texts."""
    return ()


def converted(values: Values, /) -> dict[str, Any]:
    """Return the row with its answers and where each begins in the context, in characters."""
    texts, starts = _answers(values)
    context = str(values["context"])
    places = [starts[number] if number < len(starts) else context.index(text) for number, text in enumerate(texts)]
    answers = {"text": list(texts), "answer_start": places}
    kept = {"id": values["id"]} if "id" in values else {}
    return {**kept, "question": text_of(values, QUESTION), "context": context, "answers": answers}


def _answers(values: Values) -> tuple[Sequence[str], Sequence[int]]:
    found = value_of(values, ANSWER)
    if isinstance(found, dict):
        return [str(text) for text in found.get("text") or []], found.get("answer_start") or []
    if isinstance(found, list):
        listed = [one if isinstance(one, dict) else {"text": one} for one in found]
        starts = [one["answer_start"] for one in listed if "answer_start" in one]
        return [str(one.get("text", "")) for one in listed], starts if len(starts) == len(listed) else []
    text = "" if found is None else str(found)
    start = values.get("answer_start")
    return [text] if text.strip() else [], [start] if isinstance(start, int) else []

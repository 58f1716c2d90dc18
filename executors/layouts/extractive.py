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
        start = starts[number] if number < len(starts) else context.find(text)
        if not text.strip():
            yield "empty_answer", {"field": "answers"}
        elif text not in context:
            yield "not_in_context", {"answer": text[:60]}
        elif not isinstance(start, int) or isinstance(start, bool):
            yield "wrong_type", {"field": "answer_start", "expected": "number", "found": type(start).__name__}
        elif start < 0 or context[start : start + len(text)] != text:
            yield "wrong_start", {"start": start, "answer": text[:60]}


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


def _answers(values: Values) -> tuple[Sequence[str], Sequence[Any]]:
    """Return the answers, and where each begins as far as the row says so."""
    found = value_of(values, ANSWER)
    if isinstance(found, dict):
        return [str(text) for text in _several(found.get("text"))], _starts(found.get("answer_start"))
    if isinstance(found, list):
        listed = [one if isinstance(one, dict) else {"text": one} for one in found]
        starts = _starts([one["answer_start"] for one in listed if "answer_start" in one])
        return [str(one.get("text", "")) for one in listed], starts if len(starts) == len(listed) else []
    text = "" if found is None else str(found)
    return ([text], _starts(values.get("answer_start"))) if text.strip() else ([], [])


def _starts(found: object) -> list[Any]:
    """Return numbers, which tables hold as texts; what is none as it is."""
    return [int(one) if isinstance(one, str) and one.strip().isdecimal() else one for one in _several(found)]


def _several(found: object) -> list[Any]:
    return found if isinstance(found, list) else [] if found in (None, "") else [found]

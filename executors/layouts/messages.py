"""A conversation: ``messages`` with role and content, or ShareGPT's ``conversations`` with from and value.

A system message may stand beside the turns, under ``system``.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ..layout import Values, Wrong, text_of, value_of, wrong_where_given

MESSAGES, SYSTEM = ("messages", "conversations"), ("system",)
FIELDS = (MESSAGES,)
ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}
ALLOWED = ("system", "user", "assistant")


def wrong(values: Values, /) -> Iterator[Wrong]:
    """Yield what is wrong with the turns, each by its number."""
    yield from wrong_where_given(values, SYSTEM)
    turns = value_of(values, MESSAGES)
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        yield "wrong_type", {"field": "messages", "expected": "list of objects", "found": type(turns).__name__}
        return
    for number, turn in enumerate(turns, 1):
        if _role(turn) not in ALLOWED:
            yield "role", {"number": number, "role": _role(turn), "allowed": ", ".join(ALLOWED)}
        content = _content(turn)
        if not isinstance(content, str):
            yield "wrong_type", {"field": f"messages[{number}]", "expected": "text", "found": type(content).__name__}
        elif not content.strip():
            last = number == len(turns)
            yield "empty_answer" if last else "empty", {"field": f"messages[{number}]"}
    roles = [*(["system"] if text_of(values, SYSTEM) else []), *map(_role, turns)]
    if roles[-1:] != ["assistant"] or "user" not in roles:
        yield "no_answer", {}
    elif any(first == second for first, second in pairwise(roles)):
        yield "turns_repeat", {"roles": ", ".join(roles)}


def asked(values: Values, /) -> str:
    """Return all turns but the last one."""
    return "\n\n".join(turn["content"] for turn in converted(values)["messages"][:-1])


def wanted(values: Values, /) -> str:
    """Return the last turn."""
    content: str = converted(values)["messages"][-1]["content"]
    return content


def classes(values: Values, /) -> tuple[str, ...]:
    """Return nothing: answers are texts."""
    return ()


def converted(values: Values, /) -> dict[str, Any]:
    """Return the turns with role and content."""
    turns = [{"role": _role(turn), "content": _content(turn)} for turn in value_of(values, MESSAGES)]
    system = text_of(values, SYSTEM)
    return {"messages": [{"role": "system", "content": system}, *turns] if system else turns}


def _role(turn: Values) -> str:
    role = str(turn.get("role", turn.get("from", "")))
    return ROLES.get(role, role)


def _content(turn: Values) -> Any:  # noqa: ANN401 - whatever a row holds
    return turn.get("content", turn.get("value"))

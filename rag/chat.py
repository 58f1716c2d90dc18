"""Read what a chat model behind an OpenAI-compatible endpoint writes, whether it comes in pieces or at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

PATH = "chat/completions"
_THOUGHTS = ("reasoning_content", "reasoning")
"""Where servers put thoughts that they have told from the answer."""


class Written(NamedTuple):
    """Hold what a model wrote.

    Attributes:
        text: As it wrote it; thoughts that the server has not told from the answer stand in it.
        thought: Whether there were thoughts that are not in it.
        cut: Whether the limit of its length cut it off.
        told: Whether there was an answer at all, be it an empty one.
    """

    text: str
    thought: bool
    cut: bool
    told: bool


class _Part(NamedTuple):
    text: str
    thought: bool
    finish: str


def chat(events: Iterable[Any], hear: Callable[[str], None] = lambda _: None) -> Written:
    """Return what a model wrote.

    Args:
        events: What the endpoint sends; what has no part of an answer is passed over.
        hear: Is told each piece as it comes.
    """
    text, thought, finish, told = "", False, "", False
    for event in events:
        for part in _parts(event):
            text += part.text
            hear(part.text)
            thought, finish, told = thought or part.thought, part.finish or finish, True
    return Written(text, thought, finish == "length", told)


def _parts(event: Any) -> Iterator[_Part]:  # noqa: ANN401 - whatever the endpoint sends
    """Yield what the choices of an event tell; the last one's usage, for example, is none."""
    if not isinstance(event, dict):
        return
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict):
            said = choice.get("delta") or choice.get("message") or {}
            said = said if isinstance(said, dict) else {}
            content = said.get("content")
            text = content if isinstance(content, str) else ""
            yield _Part(text, any(said.get(name) for name in _THOUGHTS), str(choice.get("finish_reason") or ""))

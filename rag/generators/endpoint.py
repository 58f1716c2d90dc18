"""Answer through an OpenAI-compatible endpoint, such as Ollama, vLLM or llama.cpp; the passages are sent there."""

from collections.abc import Iterator, Sequence
from typing import Any

from ...knowledge.errors import RefusedError
from ...knowledge.messages import say
from ..endpoint import Endpoint, parse_endpoint, post_stream
from ..evidence import Sentence
from ..follow_up import Turn
from . import Draft, Passage, Piece
from ._prompt import Messages, messages, read_draft, read_question, rewriting_messages

MOST_TOKENS = 1024


class EndpointGenerator:
    """Let the endpoint's model write."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def answer(self, question: str, passages: Sequence[Passage], sentences: Sequence[Sentence], piece: Piece) -> Draft:
        """Return what the model answers to question and passages."""
        return read_draft(self.complete(messages(question, passages), piece), len(passages))

    def in_full(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as the model puts it in full."""
        return read_question(self.complete(rewriting_messages(question, history)), question)

    def complete(self, conversation: Messages, piece: Piece = lambda _: None) -> str:
        """Return what the model says next in a conversation.

        Raises:
            RefusedError: The endpoint fails, or says nothing.
        """
        body = {"messages": conversation, "temperature": 0, "max_tokens": MOST_TOKENS}
        text = ""
        for event in post_stream(self._endpoint, "chat/completions", body):
            for part in _texts(event):
                text += part
                piece(part)
        if not text.strip():
            raise RefusedError(say("answers.no_interface", url=self._endpoint.url))
        return text


def _texts(event: Any) -> Iterator[str]:  # noqa: ANN401 - whatever the endpoint sends
    """Yield the text of an event; those without any, such as the last one's usage, give none."""
    if not isinstance(event, dict):
        return
    for choice in event.get("choices") or []:
        part = choice.get("delta") or choice.get("message") or {} if isinstance(choice, dict) else {}
        content = part.get("content") if isinstance(part, dict) else None
        if isinstance(content, str) and content:
            yield content


def open_generator(name: str) -> EndpointGenerator:
    """Return the generator of an endpoint given as ``http://host:port/v1#model``."""
    return EndpointGenerator(parse_endpoint(name))

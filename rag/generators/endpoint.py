"""Answer through an OpenAI-compatible endpoint, such as Ollama, vLLM or llama.cpp; the passages are sent there."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...knowledge.errors import RefusedError
from ...knowledge.messages import say
from ..endpoint import Endpoint, parse_endpoint, post_stream
from ..evidence import Sentence
from ..follow_up import Turn
from . import Draft, Passage, Piece
from ._prompt import Messages, Reply, messages, read_draft, read_question, read_reply, rewriting_messages
from ._thoughts import Speech

MOST_TOKENS = 4096
"""A model that thinks first may need thousands before its first word; others stop where they are done."""
_THOUGHTS = ("reasoning_content", "reasoning")
"""Where servers put thoughts that they have told from the answer."""


class _Part(NamedTuple):
    """Hold what one event tells: text of the answer, whether there were thoughts, and why the answer ended."""

    text: str
    thought: bool
    finish: str


class EndpointGenerator:
    """Let the endpoint's model write."""

    def __init__(self, endpoint: Endpoint, most_tokens: int = MOST_TOKENS) -> None:
        self._endpoint, self._most_tokens = endpoint, most_tokens

    def answer(self, question: str, passages: Sequence[Passage], sentences: Sequence[Sentence], piece: Piece) -> Draft:
        """Return what the model answers to question and passages."""
        return read_draft(self._reply(messages(question, passages), piece), len(passages))

    def in_full(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as the model puts it in full."""
        return read_question(self.complete(rewriting_messages(question, history)), question)

    def complete(self, conversation: Messages, piece: Piece = lambda _: None) -> str:
        """Return what the model says next in a conversation, without its thoughts.

        Raises:
            RefusedError: The endpoint fails, says nothing, or was cut off inside its thoughts.
        """
        return self._reply(conversation, piece).text

    def _reply(self, conversation: Messages, piece: Piece) -> Reply:
        body = {"messages": conversation, "temperature": 0, "max_tokens": self._most_tokens}
        written, thought, finish, speech = "", False, "", Speech(piece)
        for event in post_stream(self._endpoint, "chat/completions", body):
            for part in _parts(event):
                written += part.text
                speech.hear(part.text)
                thought, finish = thought or part.thought, part.finish or finish
        speech.end()
        reply = read_reply(written, finish == "length", self._most_tokens, thought)
        if not reply.text:
            raise RefusedError(say("answers.no_interface", url=self._endpoint.url))
        return reply


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


def open_generator(name: str, most_tokens: int | None = None) -> EndpointGenerator:
    """Return the generator of an endpoint given as ``http://host:port/v1#model``."""
    return EndpointGenerator(parse_endpoint(name), most_tokens or MOST_TOKENS)

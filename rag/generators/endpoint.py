"""Answer through an OpenAI-compatible endpoint, such as Ollama, vLLM or llama.cpp; the passages are sent there."""

from collections.abc import Sequence

from ..chat import PATH, chat
from ..endpoint import Endpoint, parse_endpoint
from ..evidence import Sentence
from ..exchange import post_stream
from ..follow_up import Turn
from ..refused import broken
from ..thoughts import Speech
from . import Draft, Passage, Piece
from ._prompt import Messages, Reply, messages, read_draft, read_question, read_reply, rewriting_messages

MOST_TOKENS = 4096
"""A model that thinks first may need thousands before its first word; others stop where they are done."""


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
        speech = Speech(piece)
        body = {"messages": conversation, "temperature": 0, "max_tokens": self._most_tokens}
        written = chat(post_stream(self._endpoint, PATH, body), speech.hear)
        speech.end()
        reply = read_reply(written.text, written.cut, self._most_tokens, written.thought)
        if not reply.text:
            raise broken(self._endpoint)
        return reply


def open_generator(name: str, most_tokens: int | None = None) -> EndpointGenerator:
    """Return the generator of an endpoint given as ``http://host:port/v1#model``."""
    return EndpointGenerator(parse_endpoint(name), most_tokens or MOST_TOKENS)

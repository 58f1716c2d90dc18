"""Ways to write an answer from what was found, one file each: ``rag/generators/<id>.py`` with ``open_generator(name)``.

``extractive`` quotes and needs no model; a web address is an OpenAI-compatible endpoint; any other name is the folder
of a causal model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from ..endpoint import is_endpoint
from ..evidence import Sentence
from ..follow_up import Turn

Piece = Callable[[str], None]
"""Receives the answer's text as it comes into being."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold what a generator may read of one hit: its text without sentences that speak to a model."""

    document: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """Hold one sentence of a draft.

    Attributes:
        text: The sentence.
        passages: The places of the passages that the generator names for it, from 0.
        source: The sentence of a document that it quotes, where it quotes one.
    """

    text: str
    passages: tuple[int, ...] = ()
    source: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Hold an answer before it is checked; no sentences mean that the passages do not tell.

    Attributes:
        said: Its sentences.
        short: The offsets, in the source of the first sentence, of the few words that answer the question.
        cut: Whether the limit of an answer's length cut it off.
    """

    said: Sequence[Said]
    short: tuple[int, int] | None = None
    cut: bool = False


class Generator(Protocol):
    """Write answers from passages."""

    def answer(self, question: str, passages: Sequence[Passage], sentences: Sequence[Sentence], piece: Piece) -> Draft:
        """Return a draft.

        Args:
            question: In full.
            passages: Best first.
            sentences: Those of the passages, the ones that have most to do with the question first.
            piece: Is told the text as it comes.
        """

    def in_full(self, question: str, history: Sequence[Turn]) -> str:
        """Return a question that carries on a conversation in words that stand alone."""


class _Kind(Protocol):
    def open_generator(self, name: str, most_tokens: int | None = None) -> Generator: ...


def open_generator(name: str, most_tokens: int | None = None) -> Generator:
    """Return the generator of a name.

    Args:
        name: ``extractive``, the folder of a causal model, or an endpoint as ``http://host:port/v1#model``.
        most_tokens: How long an answer may be, thoughts included, at least 1; what suits its kind when None.

    Raises:
        UserError: There is no such folder, or the address is none.
    """
    kind = name if name == "extractive" else "endpoint" if is_endpoint(name) else "local"
    return cast(_Kind, import_module(f"{__name__}.{kind}")).open_generator(name, most_tokens)

"""The one way in which a comparison asks a model, whether it lies on this machine or answers at an endpoint."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from .constraint import Constraint
from .prompt import Message

Conversation = Sequence[Message]
"""Turns up to the question."""


class Said(NamedTuple):
    """Hold one answer.

    Attributes:
        text: Without thoughts.
        cut: Whether the limit of its length cut it off.
    """

    text: str
    cut: bool = False


class Answerer(Protocol):
    """Answer conversations; ``generate.LocalModel`` and ``served.ServedModel`` do."""

    def answers(
        self, conversations: Sequence[Conversation], most_tokens: int, constraint: Constraint | None = None
    ) -> Iterator[dict[int, Said]]:
        """Yield answers as soon as they are there, each once, in any order.

        What is yielded at once should be kept at once: asked again for the others only, the model gives the same
        answers to them.

        Args:
            conversations: What is asked.
            most_tokens: Longest answer, in tokens.
            constraint: The form that each answer must have.

        Yields:
            Some answers by the places of their conversations, from 0.

        Raises:
            UserError: Conversations are too long for the model, or it cannot be asked, or not under this constraint.
        """

"""Ask a model as a comparison does, and wait for all answers."""

from collections.abc import Sequence

from ftadvisor.executors.answerer import Answerer, Conversation, Said
from ftadvisor.executors.constraint import Constraint


def all_answers(
    answerer: Answerer,
    conversations: Sequence[Conversation],
    most_tokens: int,
    constraint: Constraint | None = None,
) -> list[str]:
    """Return the texts of the answers to all conversations, in their order."""
    found: dict[int, Said] = {}
    for some in answerer.answers(conversations, most_tokens, constraint):
        found |= some
    return [found[place].text for place in range(len(conversations))]

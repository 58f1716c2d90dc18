"""Ways to rank chunks, found by presence: ``rag/retrievers/<name>.py`` with a class ``Retriever``."""

from collections.abc import Mapping, Sequence
from pkgutil import iter_modules
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..embedders import Embedder

    Allowed = NDArray[np.bool_]

Choice = TypeVar("Choice", contravariant=True)
"""How a store says which chunks may be found: a folder's by ``Allowed``, a database's by the conditions."""
Ranking = list[tuple[int, float]]  # positions of chunks with their scores, best first


class Ranker(Protocol[Choice]):
    """Rank the chunks of an index."""

    def rank(self, questions: Sequence[str], count: int, allowed: Choice | None = None) -> list[Ranking]:
        """Return for each question at most ``count`` chunks, best first; a higher score is better.

        Args:
            questions: What is asked.
            count: Most chunks per question, counted after the others are left out.
            allowed: Which chunks may be returned; every one when None.
        """


class Nearness(NamedTuple):
    """Hold how near chunks are to a question.

    Attributes:
        cosines: By chunk; one without a vector has none.
        usual: The cosine that a chunk has on average, of those that may be found.
    """

    cosines: Mapping[int, float]
    usual: float


class Lexical(Ranker[Choice], Protocol[Choice]):
    """Rank by words."""

    def scores(self, question: str, places: Sequence[int]) -> list[float]:
        """Return the scores of some chunks, which are in ascending order; 0 where one shares no token."""

    def rarity(self, token: str) -> float:
        """Return the inverse document frequency of a token of ``tokenize``: above 0, highest where no chunk has it."""


class Near(Ranker[Choice], Protocol[Choice]):
    """Rank by the nearness of vectors.

    Attributes:
        embedder: Whose vectors these are.
    """

    embedder: "Embedder"

    def compare(
        self, questions: Sequence[str], known: Sequence[Sequence[int]], count: int, allowed: Choice | None = None
    ) -> "list[Nearness | None]":
        """Return for each question how near some chunks are to it; None where the embedder cannot read the question.

        Args:
            questions: What is asked.
            known: Chunks that are compared, for each question.
            count: So many of the nearest chunks are compared, too.
            allowed: Which chunks may be among the nearest; every one when None.
        """


def retriever_names() -> list[str]:
    """Return the names of all retrievers."""
    return sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))


def best(scores: "NDArray[np.float32]", count: int) -> Ranking:
    """Return the ``count`` highest positive scores; equal ones in the order of their positions."""
    import numpy as np

    count = min(count, len(scores))
    if count < 1:
        return []
    floor = max(float(np.partition(scores, -count)[-count]), float(np.finfo(np.float32).tiny))
    places = np.flatnonzero(scores >= floor)
    order = places[np.argsort(-scores[places], kind="stable")][:count]
    return [(int(place), float(scores[place])) for place in order]

"""Ways to turn text into vectors, found by presence: ``rag/embedders/<kind>.py`` with ``open_embedder(name)``.

``builtin`` needs nothing but this package, a web address is an OpenAI-compatible endpoint, and every other name is
taken for a sentence-transformers model.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, cast

from ..endpoint import is_endpoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["passage", "question"]


FUSED_WEIGHT = 1.5
"""What the scores of a trained model count beside BM25's 1, fitted without judged questions: see 0007-retrieval.md."""


class Embedder(Protocol):
    """Turn texts into vectors of length 1.

    Attributes:
        identity: Changes whenever the vectors of the same texts would.
        dimension: Numbers per vector.
        longest: Tokens per text beyond which the rest is not read; None if all is read.
        batch_size: Texts that are embedded together.
        weight: How much its scores count in a fusion, where BM25's count 1; above 0. Below 1 they only reorder what
            BM25 found.
    """

    identity: str
    dimension: int
    longest: int | None
    batch_size: int
    weight: float

    def token_starts(self, text: str) -> Sequence[int]:
        """Return where each token of the text begins, by which chunks are measured."""

    def unknown_tokens(self, text: str) -> int:
        """Return how many tokens of the text the embedder does not know."""

    def embed(self, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
        """Return the vectors of one batch, shape ``(len(texts), dimension)``."""


class _Kind(Protocol):
    def open_embedder(self, name: str) -> Embedder: ...


def open_embedder(name: str) -> Embedder:
    """Return the embedder of a name.

    Args:
        name: ``builtin``, a sentence-transformers model by id or folder, or ``http://host:port/v1#model``.

    Raises:
        UserError: There is no such model here.
    """
    kind = "builtin" if name == "builtin" else "endpoint" if is_endpoint(name) else "sentence_transformer"
    return cast(_Kind, import_module(f"{__name__}.{kind}")).open_embedder(name)

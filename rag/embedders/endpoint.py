"""Vectors from an OpenAI-compatible endpoint; the texts are sent there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..endpoint import Endpoint, parse_endpoint
from ..exchange import post_json
from ..refused import broken
from ..tokens import token_starts
from . import FUSED_WEIGHT, Role
from .builtin import unit_length

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PROBE = "probe"
"""Sent once when the endpoint is opened, to learn how long its vectors are."""


@dataclass(frozen=True)
class EndpointEmbedder:
    """Embed through an endpoint, whose tokens cannot be seen: texts are measured in ideographs, words and marks.

    What was embedded once is kept with the index by the text's hash and not sent again.
    """

    endpoint: Endpoint
    dimension: int
    longest: int | None = None
    batch_size: int = 64
    weight: float = FUSED_WEIGHT

    @property
    def identity(self) -> str:
        """Return the address without the key, the model and the length of its vectors."""
        return f"endpoint:{self.endpoint.url}#{self.endpoint.model}:{self.dimension}"

    def token_starts(self, text: str) -> Sequence[int]:
        """Return where each ideograph, word and punctuation mark begins."""
        return token_starts(text)

    def unknown_tokens(self, text: str) -> int:
        """Return 0: the endpoint does not tell."""
        return 0

    def embed(self, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
        """Return the vectors; passages and questions are sent alike. Empty texts, which servers refuse, get zeros."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        places = [place for place, text in enumerate(texts) if text.strip()]
        if places:
            vectors[places] = unit_length(_embedded(self.endpoint, [texts[place] for place in places], self.dimension))
        return vectors


def open_embedder(name: str) -> EndpointEmbedder:
    """Return the embedder of an endpoint given as ``http://host:port/v1#model``.

    Raises:
        UserError: It is no address, cannot be reached, or gives no vectors.
    """
    endpoint = parse_endpoint(name)
    return EndpointEmbedder(endpoint, _embedded(endpoint, [_PROBE], None).shape[1])


def _embedded(endpoint: Endpoint, texts: list[str], dimension: int | None) -> "NDArray[np.float32]":
    import numpy as np

    answer = post_json(endpoint, "embeddings", {"input": texts, "encoding_format": "float"})
    try:
        vectors = np.array(_in_order(answer, len(texts)), dtype=np.float32)
        if vectors.ndim != 2 or (dimension or vectors.shape[1]) != vectors.shape[1] or not np.isfinite(vectors).all():
            raise ValueError
    except (LookupError, TypeError, ValueError) as error:
        raise broken(endpoint) from error
    return vectors


def _in_order(answer: Any, count: int) -> list[list[float]]:  # noqa: ANN401 - whatever the endpoint sends
    rows = {int(row.get("index", place)): row["embedding"] for place, row in enumerate(answer["data"])}
    return [rows[place] for place in range(count)]

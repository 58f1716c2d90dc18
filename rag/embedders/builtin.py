"""Lexical vectors without a model: counts of tokens, folded into a fixed number of places by a hash."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from ..tokens import TOKENIZER, token_starts, tokenize
from . import Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSION = 2048


@dataclass(frozen=True)
class HashedTokens:
    """Embed a text as the signed, damped counts of its tokens.

    Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, 2009, equation 2.
    """

    identity: str = f"builtin:hashed-{DIMENSION}:{TOKENIZER}"
    dimension: int = DIMENSION
    longest: int | None = None
    batch_size: int = 256
    weight: float = 0.05  # measured: more of it costs accuracy, see knowledge/decisions/0007-retrieval.md

    def token_starts(self, text: str) -> Sequence[int]:
        """Return where each ideograph, word and punctuation mark begins."""
        return token_starts(text)

    def unknown_tokens(self, text: str) -> int:
        """Return 0: every token has its place."""
        return 0

    def embed(self, texts: Sequence[str], role: Role) -> "NDArray[np.float32]":
        """Return the vectors; passages and questions are treated alike."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for token, count in Counter(tokenize(text)).items():
                place, sign = _place(token)
                vectors[row, place] += sign * (1.0 + math.log(count))
        return unit_length(vectors)


def open_embedder(name: str) -> HashedTokens:
    """Return the built-in embedder."""
    return HashedTokens()


def unit_length(vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Scale each row to length 1; rows of zeros stay zero."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def _place(token: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
    return number % DIMENSION, 1 if number >> 63 else -1

"""Rank by words inside the database, with the scores of the ranking in a folder.

A row holds the postings of one token in a block of chunks; a posting is one number: the chunk in the high bits, then
its length in tokens, then how often it holds the token.
"""

import math
from collections import Counter
from collections.abc import Sequence

from ..filters import Where
from ..postings import token_key
from ..retrievers import Ranking
from ..retrievers.bm25 import LENGTH_SHARE, SATURATION
from ..tokens import tokenize
from .connection import Session
from .corpus import LOCATED, condition

BLOCK_BITS = 13
"""A block has so many chunks that changing one rewrites little, and reading all of a token takes few rows."""
CHUNK_BITS, COUNT_BITS = 32, 8  # the chunk begins at bit 32, the length at bit 8

_RANKED = """
WITH scored AS (
    SELECT (entry >> {chunk_bits})::integer AS chunk,
        sum(weight * (entry & 255) / (
            (entry & 255) + $3::double precision + $4::double precision * (entry >> {count_bits} & 16777215)
        ))::real AS score
    FROM (
        SELECT q.weight, unnest(p.entries) AS entry
        FROM unnest($1::bigint[], $2::double precision[]) AS q(token, weight) JOIN postings p ON p.token = q.token
    ) found
    {chosen}
    GROUP BY 1 ORDER BY score DESC FETCH FIRST $5 ROWS WITH TIES
)
SELECT d.first_chunk + c.number AS place, s.score
FROM scored s JOIN chunks c ON c.id = s.chunk JOIN documents d ON d.id = c.document
ORDER BY s.score DESC, place LIMIT $5
"""
_SCORED = f"""
SELECT p.place, sum(weight * (entry & 255) / (
    (entry & 255) + $4::double precision + $5::double precision * (entry >> {COUNT_BITS} & 16777215)
))::real
FROM {LOCATED} JOIN (
    SELECT q.weight, unnest(t.entries) AS entry
    FROM unnest($2::bigint[], $3::double precision[]) AS q(token, weight) JOIN postings t ON t.token = q.token
) found ON (entry >> {CHUNK_BITS})::integer = c.id
GROUP BY 1
"""
_CHOSEN = """WHERE (entry >> {chunk_bits})::integer IN (
        SELECT c.id FROM documents JOIN chunks c ON c.document = documents.id WHERE {condition})"""


class Retriever:
    """Score chunks by BM25 as ``rag/retrievers/bm25.py`` does.

    Args:
        session: In a transaction whose schema is that of the index' tables.
        chunks: Chunks of the index.
        tokens: Tokens of all chunks, repeated ones included.
    """

    def __init__(self, session: Session, chunks: int, tokens: int) -> None:
        self._session, self._chunks = session, chunks
        mean = max(tokens / max(chunks, 1), 1e-9)
        self._norms = SATURATION * (1 - LENGTH_SHARE), SATURATION * LENGTH_SHARE / mean
        self._holding: dict[str, int] = {}

    def rank(self, questions: Sequence[str], count: int, allowed: Where | None = None) -> list[Ranking]:
        """Return for each question the chunks that share a token with it, best first."""
        return [self._rank(question, count, allowed) for question in questions]

    def scores(self, question: str, places: Sequence[int]) -> list[float]:
        """Return the scores of some chunks; 0 where one shares no token."""
        keys, weights = self._weighted(question) if places else ([], [])
        rows = self._session.rows(_SCORED, list(places), keys, weights, *self._norms) if keys else []
        found = {place: float(score) for place, score in rows}
        return [found.get(place, 0.0) for place in places]

    def rarity(self, token: str) -> float:
        """Return the inverse document frequency of a token of ``tokenize``: above 0, highest where no chunk has it."""
        self._look_up([token])
        return self._weight(token)

    def _rank(self, question: str, count: int, allowed: Where | None) -> Ranking:
        keys, weights = self._weighted(question)
        chosen, values = ("", []) if allowed is None else condition(allowed, 6)
        if chosen:
            chosen = _CHOSEN.format(chunk_bits=CHUNK_BITS, condition=chosen)
        statement = _RANKED.format(chosen=chosen, chunk_bits=CHUNK_BITS, count_bits=COUNT_BITS)
        rows = self._session.rows(statement, keys, weights, *self._norms, count, *values) if keys else []
        return [(place, score) for place, score in rows]

    def _weighted(self, question: str) -> tuple[list[int], list[float]]:
        """Return the tokens of a question that the index knows, by their numbers, and how much each counts."""
        tokens = Counter(tokenize(question))
        self._look_up(list(tokens))
        known = [token for token in tokens if self._holding[token]]
        return [signed_key(token) for token in known], [tokens[token] * self._weight(token) for token in known]

    def _look_up(self, tokens: Sequence[str]) -> None:
        """Find out how many chunks hold each token."""
        keys = {signed_key(token): token for token in tokens if token not in self._holding}
        if keys:
            self._holding.update(dict.fromkeys(keys.values(), 0))
            statement = "SELECT token, sum(size)::integer FROM postings WHERE token = ANY($1::bigint[]) GROUP BY token"
            for key, holding in self._session.rows(statement, list(keys)):
                self._holding[keys[key]] = holding

    def _weight(self, token: str) -> float:
        holding = self._holding[token]
        return math.log1p((self._chunks - holding + 0.5) / (holding + 0.5))


def signed_key(token: str) -> int:
    """Return the number that stands for a token, in the range that the database has."""
    key = token_key(token)
    return key - (1 << 64) if key >> 63 else key

"""Rank by words inside the database, with the scores of the ranking in a folder.

A row holds the postings of one token in a block of chunks; a posting is one number: the chunk in the high bits, then
its length in tokens, then how often it holds the token.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

_COMMON = 0.125  # share of the chunks from which a token is common, and counted only where it can matter
_SCORED = f"""
SELECT (entry >> {CHUNK_BITS})::integer AS chunk,
    sum(weight * (entry & 255) / (
        (entry & 255) + $3::double precision + $4::double precision * (entry >> {COUNT_BITS} & 16777215)
    ))::real AS score
FROM (
    SELECT q.weight, unnest(p.entries) AS entry
    FROM unnest($1::bigint[], $2::double precision[]) AS q(token, weight) JOIN postings p ON p.token = q.token
) found {{chosen}} GROUP BY 1
"""
_RANKED = f"""
WITH scored AS ({_SCORED} ORDER BY score DESC FETCH FIRST $5 ROWS WITH TIES)
SELECT d.first_chunk + c.number AS place, s.score
FROM scored s JOIN chunks c ON c.id = s.chunk JOIN documents d ON d.id = c.document
ORDER BY s.score DESC, place LIMIT $5
"""
_NUMBERS = f"SELECT c.id, p.place FROM {LOCATED}"
_PROMISING = f"""
WITH scored AS MATERIALIZED ({_SCORED}),
floor AS (
    SELECT min(score) AS score FROM (SELECT score FROM scored ORDER BY score DESC LIMIT $5) best HAVING count(*) = $5
)
SELECT array_agg(s.chunk) FROM scored s, floor f WHERE f.score > $6::real AND s.score >= f.score - $6::real
"""
_AMONG = f"WHERE (entry >> {CHUNK_BITS})::integer IN (SELECT unnest(${{place}}::integer[]))"
_CHOSEN = f"""WHERE (entry >> {CHUNK_BITS})::integer IN (
    SELECT c.id FROM documents JOIN chunks c ON c.document = documents.id WHERE {{condition}})"""


@dataclass(frozen=True)
class _Term:
    """Hold what a token of the question can add, at most, and how many chunks hold it."""

    key: int
    weight: float
    holding: int


class Retriever:
    """Score chunks by BM25 as ``rag/retrievers/bm25.py`` does.

    There, too, rare tokens are counted first; where what the common ones can add brings no new chunk among the best
    any more, they are counted for the chunks found so far only.

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
        terms = self._terms(question) if places else []
        if not terms:
            return [0.0] * len(places)
        # the numbers first: joined in one statement, the postings would be gone through for each chunk
        place_of = {number: int(place) for number, place in self._session.rows(_NUMBERS, list(places))}
        statement = _SCORED.format(chosen=_AMONG.format(place=5))
        keys, weights = [term.key for term in terms], [term.weight for term in terms]
        rows = self._session.rows(statement, keys, weights, *self._norms, list(place_of))
        found = {place_of[number]: float(score) for number, score in rows}
        return [found.get(place, 0.0) for place in places]

    def rarity(self, token: str) -> float:
        """Return the inverse document frequency of a token of ``tokenize``: above 0, highest where no chunk has it."""
        self._look_up([token])
        return self._weight(token)

    def _rank(self, question: str, count: int, allowed: Where | None) -> Ranking:
        terms = self._terms(question)
        promising = self._promising(terms, count, allowed)
        if promising is not None:
            return self._ask(_RANKED.format(chosen=_AMONG.format(place=6)), terms, count, promising)
        chosen, values = _chosen(allowed, 6)
        return self._ask(_RANKED.format(chosen=chosen), terms, count, *values) if terms else []

    def _promising(self, terms: "Sequence[_Term]", count: int, allowed: Where | None) -> list[int] | None:
        """Return the chunks that can be among the best by what rare tokens give them; None if that leaves all."""
        rare = sum(term.holding <= _COMMON * self._chunks for term in terms)
        if rare in (0, len(terms)):
            return None
        rest = sum(term.weight for term in terms[rare:]) * 1.0001  # no chunk gets a token's whole weight
        chosen, values = _chosen(allowed, 7)
        ((chunks,),) = self._ask(_PROMISING.format(chosen=chosen), terms[:rare], count, rest, *values)
        return None if chunks is None else list(chunks)

    def _ask(self, statement: str, terms: "Sequence[_Term]", count: int, *values: object) -> list[Any]:
        keys, weights = [term.key for term in terms], [term.weight for term in terms]
        return [tuple(row) for row in self._session.rows(statement, keys, weights, *self._norms, count, *values)]

    def _terms(self, question: str) -> "list[_Term]":
        """Return the tokens of a question that the index knows, rare ones first."""
        tokens = Counter(tokenize(question))
        self._look_up(list(tokens))
        terms = [
            _Term(signed_key(token), times * self._weight(token), self._holding[token])
            for token, times in tokens.items()
            if self._holding[token]
        ]
        return sorted(terms, key=lambda term: (term.holding, term.key))

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


def _chosen(allowed: Where | None, first: int) -> tuple[str, list[str]]:
    """Return the condition on postings, and the values for its places from ``$first`` on."""
    if allowed is None:
        return "", []
    chosen, values = condition(allowed, first)
    return _CHOSEN.format(condition=chosen), values


def signed_key(token: str) -> int:
    """Return the number that stands for a token, in the range that the database has."""
    key = token_key(token)
    return key - (1 << 64) if key >> 63 else key

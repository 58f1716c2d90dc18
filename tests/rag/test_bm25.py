"""BM25 is what the formula says, however much of the work is left out."""

import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ftadvisor.rag.build import build_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import write_rows

WORDS = ("the", "of", "river", "bank", "salt", "orbit", "quartz", "退", "货")
texts = st.lists(st.sampled_from((*WORDS[:3] * 6, *WORDS)), min_size=1, max_size=12).map(" ".join)


def formula(chunks: list[str], question: str) -> list[float]:
    """Return the Lucene form of BM25 of each chunk, computed word by word."""
    counted = [Counter(chunk.split()) for chunk in chunks]
    mean = sum(counts.total() for counts in counted) / len(chunks)
    scores = [0.0] * len(chunks)
    for word, times in Counter(question.split()).items():
        holding = sum(word in counts for counts in counted)
        weight = math.log1p((len(chunks) - holding + 0.5) / (holding + 0.5))
        for place, counts in enumerate(counted):
            norm = 1.5 * (0.25 + 0.75 * counts.total() / mean)
            scores[place] += times * weight * counts[word] / (counts[word] + norm)
    return scores


@settings(max_examples=20, deadline=None)
@given(st.lists(texts, min_size=30, max_size=120), st.lists(texts, min_size=1, max_size=6), st.integers(1, 12))
def test_the_best_are_those_of_the_formula(chunks: list[str], questions: list[str], count: int) -> None:
    with TemporaryDirectory() as folder:
        rows: list[dict[str, object]] = [{"id": str(place), "text": text} for place, text in enumerate(chunks)]
        source = write_rows(Path(folder, "rows.jsonl"), rows)
        build_index([source], Path(folder, "index"), IndexOptions(retriever="bm25", chunker="whole"))
        found = open_index(Path(folder, "index")).search_many(questions, count)
        for question, hits in zip(questions, found, strict=True):
            scores = formula(chunks, question)
            best = sorted((score for score in scores if score > 0), reverse=True)[:count]
            assert [hit.score for hit in hits] == pytest.approx(best, rel=1e-4)
            assert [scores[int(hit.document)] for hit in hits] == pytest.approx(best, rel=1e-4)

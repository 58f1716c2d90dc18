"""Fusion adds scaled scores: no side's scale, shift or depth decides, and both score all that either proposed."""

from pathlib import Path

import pytest
from ftadvisor.rag.address import Place
from ftadvisor.rag.build import build_index
from ftadvisor.rag.filters import parse_where
from ftadvisor.rag.index import open_index
from ftadvisor.rag.records import IndexOptions
from ftadvisor.rag.retrievers import bm25
from ftadvisor.rag.retrievers.dense import Nearness
from ftadvisor.rag.retrievers.hybrid import Retriever, fuse
from hypothesis import given
from hypothesis import strategies as st

from .conftest import write_rows

scores = st.dictionaries(st.integers(0, 30), st.integers(1, 400).map(lambda value: value / 400), min_size=1)


@given(scores, scores, st.integers(1, 8), st.integers(1, 8), st.integers(-8, 8))
def test_units_of_a_score_do_not_matter(
    words: dict[int, float], cosines: dict[int, float], wider: int, longer: int, shift: int
) -> None:
    near = Nearness(cosines, min(cosines.values()) / 2)
    moved = Nearness({place: cosine * longer + shift for place, cosine in cosines.items()}, near.usual * longer + shift)
    every = dict.fromkeys(cosines, 0.0) | words
    plain = dict(fuse(every, near))
    other = dict(fuse({place: score * wider for place, score in every.items()}, moved))
    assert other == pytest.approx(plain, abs=1e-9)


def test_a_chunk_that_both_find_comes_before_those_that_one_finds() -> None:
    words = {1: 8.0, 2: 6.0, 3: 0.0}
    near = Nearness({1: 0.1, 2: 0.7, 3: 0.8}, usual=0.1)
    assert [place for place, _ in fuse(words, near)] == [2, 1, 3]
    assert [place for place, _ in fuse(words, near, weight=0.1)] == [1, 2, 3]
    assert [place for place, _ in fuse(words, None)] == [1, 2, 3]


def test_where_nothing_is_near_words_decide() -> None:
    assert fuse({0: 2.0, 1: 4.0}, Nearness({0: 0.3, 1: 0.3}, usual=0.3)) == [(1, 1.0), (0, 0.5)]
    assert fuse({}, Nearness({}, usual=0.0)) == []


def test_what_is_farther_than_usual_or_was_not_read_loses_nothing() -> None:
    near = Nearness({0: 0.5, 1: 0.1, 2: 0.45}, usual=0.4)
    assert dict(fuse({0: 1.0, 1: 4.0, 2: 0.0, 3: 2.0}, near)) == pytest.approx({0: 1.25, 1: 1.0, 2: 0.5, 3: 0.5})


@pytest.fixture(params=["folder", "database"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where an index is kept."""
    return tmp_path / "index" if request.param == "folder" else request.getfixturevalue("postgres").address()


PARTS = ["filter", "drum", "door", "hose", "pump", "motor", "belt", "seal", "tray", "panel", "lamp", "valve", "spring"]


def test_a_chunk_that_the_embedder_cannot_read_counts_by_its_words(minilm: str, tmp_path: Path, place: Place) -> None:
    manual = "how to clean it and to repair the washing machine when it is broken"
    rows: list[dict[str, object]] = [
        {"id": part, "text": f"The {part} of the washing machine: {manual}."} for part in PARTS
    ]
    rows.append(
        {"id": "zh", "text": "洗衣机显示故障代码时，请关闭电源，等待十分钟后重新启动，仍然出现 E47 请联系售后。"}
    )
    build_index([write_rows(tmp_path / "a.jsonl", rows)], place, IndexOptions(embedder=minilm))
    hits = open_index(place).search("washing machine error code E47", 20)
    assert "zh" in [hit.document for hit in hits[:3]]
    assert min(hit.score for hit in hits) >= 0


def test_vectors_count_among_what_a_filter_leaves(minilm: str, tmp_path: Path, place: Place) -> None:
    rows: list[dict[str, object]] = [
        {"id": part, "text": f"Washing machine manual: cleaning the {part}.", "part": "repair"} for part in PARTS
    ]
    staff = {
        "holiday": "Employees get 25 days of holiday per year.",
        "room": "The washing room is for employees only.",
        "sick": "Sick leave must be reported by phone.",
        "pay": "Salaries are paid at the end of the month.",
    }
    rows += [{"id": name, "text": text, "part": "staff"} for name, text in staff.items()]
    build_index([write_rows(tmp_path / "a.jsonl", rows)], place, IndexOptions(embedder=minilm))
    hits = open_index(place).search("cleaning a laundry machine", 20, parse_where(["part=staff"]))
    assert hits[0].document == "room"
    assert hits[0].score >= 1
    assert min(hit.score for hit in hits) >= 0


def test_each_side_scores_what_the_other_proposed(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": str(place), "text": f"{'pear ' * (place % 7)}tree {place} apple"} for place in range(40)
    ]
    build_index([write_rows(tmp_path / "a.jsonl", rows)], tmp_path / "index", IndexOptions(retriever="hybrid"))
    ranker = open_index(tmp_path / "index")._ranker
    assert isinstance(ranker, Retriever)
    assert isinstance(ranker._lexical, bm25.Retriever)
    question = "a pear tree 7"
    ranked = dict(ranker._lexical.rank([question], 40)[0])
    assert ranker._lexical.scores(question, list(range(40))) == [ranked.get(place, 0.0) for place in range(40)]
    (near,) = ranker._near.compare([question], [[3, 4]], 5)
    assert near is not None
    assert {3, 4} < set(near.cosines)
    best = ranker._near.rank([question], 5)[0]
    assert {place: near.cosines[place] for place, _ in best} == pytest.approx(dict(best))

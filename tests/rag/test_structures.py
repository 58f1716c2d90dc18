"""How near vectors are found: by what, how well, and what a search may find."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ftadvisor.rag import structures
from ftadvisor.rag.build import build_index, update_index
from ftadvisor.rag.filters import parse_where
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.inspect import inspect_index
from ftadvisor.rag.records import IndexOptions

from .conftest import write_rows

ROWS = 3000


@dataclass(frozen=True)
class Points:
    """Embed a text that names a number: points in clusters, the same for the same number."""

    identity: str = "points"
    dimension: int = 32
    longest: int | None = None
    batch_size: int = 64
    weight: float = 1.0

    def token_starts(self, text: str) -> Sequence[int]:
        return [0]

    def unknown_tokens(self, text: str) -> int:
        return int("unreadable" in text)

    def embed(self, texts: Sequence[str], role: str) -> Any:
        import numpy as np

        vectors = np.stack([self._point(int(text.split()[-1])) for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")

    def _point(self, number: int) -> Any:
        import numpy as np

        centre = np.random.default_rng(number % 100).standard_normal(self.dimension)
        return centre + 0.5 * np.random.default_rng(number + 1000).standard_normal(self.dimension)


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from ftadvisor.rag.embedders import sentence_transformer

    monkeypatch.setattr(sentence_transformer, "open_embedder", lambda name: Points())
    monkeypatch.setattr(structures, "FLAT_NUMBERS", 1000)
    row: list[dict[str, object]] = [
        {"id": str(number), "text": f"point {number}", "metadata": {"tenth": number % 10}} for number in range(ROWS)
    ]
    return write_rows(tmp_path / "rows.jsonl", row)


def build(rows: Path, folder: Path, **options: Any) -> Index:
    build_index([rows], folder, IndexOptions(embedder="points", retriever="dense", **options))
    return open_index(folder)


def found(index: Index, exact: Index) -> float:
    """Return the share of the ten nearest that are found, on numbers that are not in the index."""
    questions = [f"point {number}" for number in range(ROWS, ROWS + 100)]
    pairs = zip(index.search_many(questions, 10), exact.search_many(questions, 10), strict=True)
    shares = [len({hit.document for hit in one} & {hit.document for hit in other}) / 10 for one, other in pairs]
    return sum(shares) / len(shares)


@pytest.mark.parametrize("structure", ["ivf", "hnsw"])
def test_the_measured_recall_holds_for_other_questions(structure: str, rows: Path, tmp_path: Path) -> None:
    exact = build(rows, tmp_path / "exact", structure="flat")
    index = build(rows, tmp_path / "index", structure=structure)
    entry = index.manifest.structure
    assert entry is not None
    assert (entry.kind, entry.reason, entry.sample) == (structure, "chosen", 400)
    assert entry.recall >= 0.95
    assert found(index, exact) >= 0.93
    hits, wanted = index.search("point 7", 10), exact.search("point 7", 10)
    assert hits[0].document == "7"
    scores = {hit.document: hit.score for hit in wanted}
    assert all(hit.score == pytest.approx(scores[hit.document]) for hit in hits if hit.document in scores), "exact"


def test_more_recall_is_more_work(rows: Path, tmp_path: Path) -> None:
    little, much = (build(rows, tmp_path / str(recall), recall=recall, structure="ivf") for recall in (0.6, 0.99))
    assert little.manifest.structure is not None
    assert much.manifest.structure is not None
    assert little.manifest.structure.effort < much.manifest.structure.effort
    assert much.manifest.structure.recall >= 0.99


def test_small_indexes_are_searched_exactly(rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structures, "FLAT_NUMBERS", ROWS * 32)
    entry = build(rows, tmp_path / "index").manifest.structure
    assert entry is not None
    assert (entry.kind, entry.reason, entry.recall) == ("flat", "small", 1.0)


def test_larger_ones_take_what_reaches_the_recall_with_least_work(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = build(rows, tmp_path / "lists").manifest.structure
    assert lists is not None
    assert (lists.kind, lists.reason) == ("ivf", "reached")
    monkeypatch.setattr(structures, "SCANNED_SHARE", 0)
    graph = build(rows, tmp_path / "graph").manifest.structure
    assert graph is not None
    assert (graph.kind, graph.reason) == ("hnsw", "reached")
    monkeypatch.setattr(structures, "GRAPH_ROWS", 0)
    flat = build(rows, tmp_path / "flat").manifest.structure
    assert flat is not None
    assert (flat.kind, flat.reason) == ("flat", "fallback")


@pytest.mark.parametrize("exact_rows", [0, 10_000])
@pytest.mark.parametrize("structure", ["flat", "ivf", "hnsw"])
def test_conditions_hold_and_as_many_come_back_as_there_are(
    exact_rows: int, structure: str, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftadvisor.rag.retrievers import dense

    monkeypatch.setattr(dense, "EXACT_ROWS", exact_rows)
    index = build(rows, tmp_path / "index", structure=structure)
    hits = index.search("point 7", 60, parse_where(["tenth=7"]))
    assert len(hits) >= 30, "all that are nearer than a right angle, of 300"
    assert {int(hit.document) % 10 for hit in hits} == {7}
    assert hits[0].document == "7"


def test_a_changed_index_finds_what_a_fresh_one_finds(rows: Path, tmp_path: Path) -> None:
    index = build(rows, tmp_path / "index", structure="ivf")
    lines = rows.read_text().splitlines(keepends=True)
    rows.write_text("".join(lines[5:]))
    assert update_index([], tmp_path / "index").embedded == 0
    updated, fresh = open_index(tmp_path / "index"), build(rows, tmp_path / "fresh", structure="ivf")
    questions = [f"point {number}" for number in range(50)]
    assert updated.search_many(questions, 10) == fresh.search_many(questions, 10)
    assert not [hit for hit in updated.search("point 3", 100) if int(hit.document) < 5]
    assert index.search("point 3", 1)[0].document == "3", "who opened it before reads on"


def test_chunks_that_cannot_be_read_are_not_in_the_structure(rows: Path, tmp_path: Path) -> None:
    with rows.open("a") as file:
        file.write('{"id": "no", "text": "unreadable 7"}\n')
    index = build(rows, tmp_path / "index", structure="ivf")
    assert index.manifest.embedder.readable == ROWS
    assert not [hit for hit in index.search("point 7", 500) if hit.document == "no"]


def test_an_inspection_tells_structure_sizes_and_sources(rows: Path, tmp_path: Path) -> None:
    build(rows, tmp_path / "index", structure="ivf")
    inspection = inspect_index(tmp_path / "index", verify=True)
    assert inspection.verified
    assert inspection.sources == [str(rows)]
    assert inspection.structure is not None
    assert inspection.structure.recall >= 0.95
    total = sum(path.stat().st_size for path in (tmp_path / "index" / inspection.generation).iterdir())
    manifest = (tmp_path / "index" / inspection.generation / "manifest.json").stat().st_size
    assert sum(inspection.bytes.values()) + manifest == total

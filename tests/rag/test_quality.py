"""How well the public data sets are found; the figures of a benchmark, held as lower bounds."""

import importlib.util
import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from ftadvisor.rag.build import build_index
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.metrics import ndcg_at_k, recall_at_k
from ftadvisor.rag.questions import Question, read_questions
from ftadvisor.rag.records import IndexOptions

BM25 = IndexOptions(retriever="bm25")


def means(index: Index, questions: Sequence[Question]) -> tuple[float, float]:
    """Return recall@5 and nDCG@10."""
    found = index.search_many([question.question for question in questions], 20)
    pairs = [
        (list(dict.fromkeys(hit.document for hit in hits)), question.answered_by)
        for hits, question in zip(found, questions, strict=True)
    ]
    recalls, gains = [recall_at_k(*pair, 5) for pair in pairs], [ndcg_at_k(*pair, 10) for pair in pairs]
    return sum(recalls) / len(pairs), sum(gains) / len(pairs)


@pytest.fixture
def benchmark(data: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that prints the figures; it reads the data under FTADVISOR_DATA."""
    monkeypatch.setitem(os.environ, "FTADVISOR_DATA", str(data.parent))
    path = Path(__file__).parents[1] / "benchmarks" / "retrieval.py"
    spec = importlib.util.spec_from_file_location("retrieval_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "bar"), [("cmrc2018_trial", 0.98), ("drcd_dev", 0.98), ("xquad_en", 0.98)])
def test_recall_at_5_offline(name: str, bar: float, data: Path, tmp_path: Path) -> None:
    build_index([data / name / "passages.jsonl"], tmp_path / "index")
    recall, _ = means(open_index(tmp_path / "index"), read_questions(data / name / "qa.jsonl"))
    assert recall >= bar


@pytest.mark.parametrize("name", ["cmrc2018_trial", "drcd_dev"])
def test_an_embedder_that_cannot_read_a_language_does_no_harm(
    name: str, data: Path, tmp_path: Path, minilm: str
) -> None:
    questions = read_questions(data / name / "qa.jsonl")[:1000]
    build_index([data / name / "passages.jsonl"], tmp_path / "words", BM25)
    build_index([data / name / "passages.jsonl"], tmp_path / "both", IndexOptions(embedder=minilm))
    words, both = (means(open_index(tmp_path / kind), questions) for kind in ("words", "both"))
    assert both[0] >= words[0] - 0.005
    assert both[1] >= words[1] - 0.005


def test_scifact_is_ranked_as_well_as_by_a_reference(benchmark: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("bm25s", reason="pip install 'ftadvisor[dev]' brings the reference")
    passages, questions = benchmark.corpus("scifact", tmp_path)
    build_index([passages], tmp_path / "index", BM25)
    _, gain = means(open_index(tmp_path / "index"), questions)
    assert gain >= benchmark.reference(passages, questions)[1] - 0.01


def test_each_language_is_found_among_others_as_on_its_own(benchmark: ModuleType, tmp_path: Path) -> None:
    corpora = {name: benchmark.corpus(name, tmp_path) for name in ("scifact", "cmrc2018_trial", "drcd_dev")}
    build_index([passages for passages, _ in corpora.values()], tmp_path / "all", BM25)
    merged = open_index(tmp_path / "all")
    for name, (passages, questions) in corpora.items():
        build_index([passages], tmp_path / name, BM25)
        own = means(open_index(tmp_path / name), questions[:800])
        among = means(merged, questions[:800])
        assert among[0] >= own[0] - 0.01, name
        assert among[1] >= own[1] - 0.01, name


def test_offsets_point_into_the_passages(data: Path, tmp_path: Path) -> None:
    path = data / "cmrc2018_trial" / "passages.jsonl"
    texts = {row["id"]: row["text"] for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    build_index([path], tmp_path / "index")
    for chunk in open_index(tmp_path / "index").chunks:
        assert texts[chunk.document][chunk.start : chunk.end] == chunk.text

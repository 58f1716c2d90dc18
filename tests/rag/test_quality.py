"""How well the public data sets are found; the figures of a benchmark, held as lower bounds."""

import json
from pathlib import Path

import pytest
from ftadvisor.rag.build import build_index
from ftadvisor.rag.index import open_index
from ftadvisor.rag.metrics import recall_at_k
from ftadvisor.rag.questions import read_questions


@pytest.mark.parametrize(("name", "bar"), [("cmrc2018_trial", 0.98), ("drcd_dev", 0.98), ("xquad_en", 0.98)])
def test_recall_at_5_offline(name: str, bar: float, data: Path, tmp_path: Path) -> None:
    build_index([data / name / "passages.jsonl"], tmp_path / "index")
    questions = read_questions(data / name / "qa.jsonl")
    found = open_index(tmp_path / "index").search_many([question.question for question in questions], 5)
    recalls = [
        recall_at_k([hit.document for hit in hits], question.answered_by, 5)
        for hits, question in zip(found, questions, strict=True)
    ]
    assert sum(recalls) / len(recalls) >= bar


def test_offsets_point_into_the_passages(data: Path, tmp_path: Path) -> None:
    path = data / "cmrc2018_trial" / "passages.jsonl"
    texts = {row["id"]: row["text"] for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    build_index([path], tmp_path / "index")
    for chunk in open_index(tmp_path / "index").chunks:
        assert texts[chunk.document][chunk.start : chunk.end] == chunk.text

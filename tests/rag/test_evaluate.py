"""Measuring an index."""

from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.build import build_index
from ftadvisor.rag.evaluate import evaluate_index
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.questions import Question


@pytest.fixture
def index(policies: Path, tmp_path: Path) -> Index:
    build_index([policies], tmp_path / "index")
    return open_index(tmp_path / "index")


def test_means_over_the_questions(index: Index) -> None:
    questions = [
        Question(id="1", question="damaged parcel", passage_id="shipping.md"),
        Question(id="2", question="掉色", relevant=["退货.md", "nowhere"]),
        Question(id="3", question="zzz", passage_id="退货.md"),
    ]
    metrics = evaluate_index(index, questions)
    assert metrics.questions == 3
    assert metrics.recall == {"1": 0.5, "5": 0.5, "10": 0.5}
    assert metrics.mrr_at_10 == 0.6667
    assert 0.5 < metrics.ndcg_at_10 < 0.6667
    assert 0 <= metrics.latency_seconds["p50"] <= metrics.latency_seconds["p90"] <= metrics.latency_seconds["p99"]


def test_a_question_whose_documents_are_not_in_the_index_is_no_miss_but_a_mistake(index: Index) -> None:
    with pytest.raises(UserError, match=r"nowhere.*shipping\.md"):
        evaluate_index(index, [Question(id="1", question="x", passage_id="nowhere")])


def test_a_question_without_an_answer_is_named(index: Index) -> None:
    with pytest.raises(UserError, match="q7"):
        evaluate_index(index, [Question(id="q7", question="x")])

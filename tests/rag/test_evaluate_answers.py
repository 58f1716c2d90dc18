"""Answers are measured, and what went wrong is told apart."""

from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.answer_metrics import exact_match, overlap_f1
from ftadvisor.rag.ask import AskOptions
from ftadvisor.rag.build import build_index
from ftadvisor.rag.evaluate_answers import evaluate_answers
from ftadvisor.rag.generators import open_generator
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.questions import Question, read_questions
from ftadvisor.rag.search import SearchOptions

from .conftest import write_rows

ROWS: list[dict[str, object]] = [
    {"id": "bridge", "text": "The Harbour Bridge was opened in 1932."},
    {"id": "second", "text": "The Harbour Bridge was painted in grey."},
    {"id": "tower", "text": "The Old Tower was built by Anna Keller."},
    {"id": "lake", "text": "Herons nest beside quiet water."},
]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    build_index([write_rows(tmp_path / "rows.jsonl", ROWS)], tmp_path / "index")
    return open_index(tmp_path / "index")


def question(text: str, document: str, *answers: str) -> Question:
    return Question(id=text, question=text, passage_id=document, answers=list(answers))


def test_each_failure_is_told_apart(index: Index) -> None:
    asked = [
        question("When was the Harbour Bridge opened?", "bridge", "opened in 1932"),
        question("Who built the Old Tower?", "lake", "herons"),
        question("When was the Harbour Bridge opened in 1932?", "second", "grey"),
        question("Where do herons sleep after migrating across continents annually?", "lake", "water"),
        question("When was the Harbour Bridge opened? ", "bridge", "in the year of the great flood"),
    ]
    options = AskOptions(SearchOptions(top_k=1))
    metrics = evaluate_answers(index, asked, open_generator("extractive"), options)
    kinds = {kind: [each.id for each in failed.examples] for kind, failed in metrics.failures.items()}
    assert kinds == {
        "not_retrieved": [asked[1].id],
        "ranked_low": [asked[2].id],
        "not_used": [],
        "abstained": [asked[3].id],
        "wrong": [asked[4].id],
    }
    assert metrics.questions == 5
    assert metrics.supported == 1.0
    assert metrics.citation_precision == 0.5
    assert metrics.fitted is None


def test_refusal_is_measured_without_the_documents_that_answer(index: Index) -> None:
    asked = [question("Who built the Old Tower?", "tower"), question("Where do herons nest?", "lake")]
    metrics = evaluate_answers(index, asked, open_generator("extractive"))
    assert (metrics.abstention.answered, metrics.abstention.refused) == (1.0, 1.0)
    assert metrics.exact_match is None
    assert metrics.f1 is None


def test_a_question_about_no_document_is_refused(index: Index) -> None:
    with pytest.raises(UserError):
        evaluate_answers(index, [question("Who?", "missing")], open_generator("extractive"))


def test_answers_may_be_texts_or_objects(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"question": "a", "answers": ["x", "y"]},
        {"question": "b", "answers": [{"text": "z", "start": 3}]},
    ]
    read = read_questions(write_rows(tmp_path / "q.jsonl", rows))
    assert [each.answers for each in read] == [["x", "y"], ["z"]]


@pytest.mark.parametrize(
    ("answer", "wanted", "exact", "f1"),
    [
        ("The Bridge.", ["bridge"], 1.0, 1.0),
        ("1,932", ["1 932"], 1.0, 1.0),
        ("the old bridge", ["bridge"], 0.0, 2 / 3),
        ("４分钟", ["4分钟", "五"], 1.0, 1.0),
        ("北京市", ["北京"], 0.0, 0.8),
        ("", ["x"], 0.0, 0.0),
    ],
)
def test_answers_are_compared_by_words_and_ideographs(answer: str, wanted: list[str], exact: float, f1: float) -> None:
    assert exact_match(answer, wanted) == exact
    assert overlap_f1(answer, wanted) == pytest.approx(f1)

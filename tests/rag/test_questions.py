"""Reading questions."""

from pathlib import Path

import pytest
from ftadvisor.knowledge.errors import UserError
from ftadvisor.rag.questions import read_questions


def test_rows_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(
        '{"id": 3, "question": "退货?", "relevant": ["a"]}\n\n{"question": "x", "passage_id": "p"}\n', "utf-8"
    )
    first, second = read_questions(path)
    assert (first.id, first.question, first.answered_by) == ("3", "退货?", {"a"})
    assert (second.id, second.answered_by) == ("3", {"p"})


def test_all_wrong_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "x"}\nnonsense\n[]\n{"id": "1"}\n')
    with pytest.raises(UserError, match="2, 3, 4"):
        read_questions(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_a_file_without_questions_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_bytes(content)
    with pytest.raises(UserError):
        read_questions(tmp_path / "q.jsonl")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"q\.jsonl"):
        read_questions(tmp_path / "q.jsonl")

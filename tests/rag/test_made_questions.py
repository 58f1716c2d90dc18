"""Questions made from documents point at where their answers stand."""

from pathlib import Path

import pytest
from ftadvisor.advisor.cli import main
from ftadvisor.rag.build import build_index
from ftadvisor.rag.index import Index, open_index
from ftadvisor.rag.made_questions import GAP, make_questions
from ftadvisor.rag.questions import read_questions

from .conftest import POLICY, SHIPPING, write_rows

FACTS: list[dict[str, object]] = [
    {
        "id": f"d{number}",
        "title": f"Town {number}",
        "text": f"The market of old town number {number} sells copper kettles, baskets and 4{number} kinds of tea.\n"
        f"第{number}号古镇的集市出售铜壶、竹篮和5{number}种茶叶，游客络绎不绝。",
    }
    for number in range(12)
]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    build_index([write_rows(tmp_path / "rows.jsonl", FACTS)], tmp_path / "index")
    return open_index(tmp_path / "index")


def test_answers_stand_where_they_are_said_to(index: Index) -> None:
    made = make_questions(index, 12)
    assert {each.kind for each in made} == {"cloze", "keywords", "heading"}
    assert len({each.question for each in made}) == len(made)
    for each in made:
        for answer in each.answers:
            assert index.documents[each.passage_id].text[answer.start : answer.end] == answer.text
            assert each.question.replace(GAP, answer.text) in index.documents[each.passage_id].text


def test_the_same_seed_draws_the_same_questions(index: Index) -> None:
    assert make_questions(index, 5, seed=3) == make_questions(index, 5, seed=3)
    assert make_questions(index, 5, seed=3) != make_questions(index, 5, seed=4)


class Model:
    def __init__(self, text: str) -> None:
        self.text, self.asked = text, 0

    def complete(self, conversation: list[dict[str, str]]) -> str:
        self.asked += 1
        return self.text


def test_a_model_may_write_them_and_must_copy_the_answer(index: Index) -> None:
    made = make_questions(index, 3, writer=Model("Question: What is sold?\nAnswer: copper kettles."))
    assert [(each.question, each.answers[0].text) for each in made] == [("What is sold?", "copper kettles")]
    lying = Model("问题：卖什么？\n答案：金条")
    assert make_questions(index, 2, writer=lying) == []
    assert lying.asked == 8


def test_the_file_can_be_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(POLICY, "utf-8")
    (tmp_path / "docs" / "b.md").write_text(SHIPPING, "utf-8")
    index, questions = str(tmp_path / "index"), tmp_path / "q.jsonl"
    assert main(["rag", "build", str(tmp_path / "docs"), "-o", index, "--quiet"]) == 0
    assert main(["rag", "questions", index, "-o", str(questions), "--quiet", "--language", "en"]) == 0
    assert "made" in capsys.readouterr().out
    assert read_questions(questions)
    assert main(["rag", "evaluate", index, "--questions", str(questions), "--answers", "--quiet"]) == 0
    assert main(["rag", "questions", index, "-o", str(questions), "--count", "0", "--language", "en"]) == 2
    assert "--count" in capsys.readouterr().err

import json
from pathlib import Path

import pytest
from ftadvisor.executors.answered_labels import labels_in
from ftadvisor.executors.compared_rows import answer_of, read_compared
from ftadvisor.knowledge.errors import UserError

NAMES = ("card", "card (virtual)", "A+", "A-", "top up")


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("card", ("card",)),
        (" Card.", ("card",)),
        ("card (virtual)", ("card (virtual)",)),
        ("A-", ("A-",)),
        ("The class is: A-.", ("A-",)),
        ("The class is: top up.", ("top up",)),
        ("**top up**", ("top up",)),
        ("a", ()),
        ("card or top up", ()),
        ("top up\ncard", ()),
        ("discard", ()),
        ("", ()),
        ('{"label": "Card"}', ("card",)),
        ('{"label": "refund"}', ()),
        ('{"label": ["card", "top up"]}', ()),
        ('{"label": ["card"]}', ("card",)),
        ('{"label": 3}', ()),
    ],
)
def test_an_answer_gives_one_class_or_none(answer: str, labels: tuple[str, ...]) -> None:
    assert labels_in(answer, NAMES, several=False) == labels


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("top up\ncard", ("top up", "card")),
        ("card\ncard", ("card",)),
        ("- A+\n- top up", ("A+", "top up")),
        ("A+, top up", ("A+", "top up")),
        ("-", ()),
        ("nothing fits", ()),
        ('{"label": ["top up", "card"]}', ("top up", "card")),
        ('{"label": "card, top up"}', ("card", "top up")),
        ('{"label": ["card", "refund"]}', ("card",)),
        ('{"label": "refund"}', ()),
        ('{\n "label": "refund"\n}', ()),
        ('{\n "label": [\n  "card"\n ]\n}', ("card",)),
        ('{"label": []}', ()),
        ('{"label": null, "why": "card"}', ()),
    ],
)
def test_an_answer_gives_any_number_of_classes(answer: str, labels: tuple[str, ...]) -> None:
    assert labels_in(answer, NAMES, several=True) == labels


@pytest.mark.parametrize("labels", [(), ("card",), ("A-", "top up")])
def test_the_answer_that_is_shown_is_read_as_the_same_classes(labels: tuple[str, ...]) -> None:
    assert labels_in(answer_of(labels), NAMES, several=True) == labels


def test_texts_with_classes_are_asked_as_questions(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,labels\nmy card is lost,card|fee\nhello,\n")
    found = read_compared(path)
    assert [row.question for row in found.rows] == ["my card is lost", "hello"]
    assert [row.answer for row in found.rows] == ["card\nfee", "-"]
    assert found.classes == ("card", "fee")
    assert found.several


def test_questions_remain_questions_also_with_a_label_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"question": "q", "answer": "a", "text": "t", "label": "l"}))
    found = read_compared(path)
    assert [(row.question, row.answer) for row in found.rows] == [("q", "a")]
    assert found.labelled == []


def test_wrong_labelled_rows_are_told_with_their_lines(tmp_path: Path, english: None) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "t", "label": "l"}\n{"text": "t"}\n')
    with pytest.raises(UserError, match="line 2"):
        read_compared(path)


def test_rows_of_another_layout_are_told_all_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "tagged.jsonl"
    path.write_text('{"tokens": ["Ann"], "tags": ["O"]}\n', encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_compared(path)
    assert "question" in caught.value.hint
    assert "label" in caught.value.hint
